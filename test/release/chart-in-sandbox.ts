import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { enterSandbox } from '../../agent/src/sandbox/client/namespaces.ts';
import type { SandboxHandle } from '../../agent/src/sandbox/start-sandbox.ts';
import { CHART, HELM, NAMESPACE, type Values } from '../chart/helm.ts';

const MAIN = new URL('../../agent/src/cli/main.ts', import.meta.url).pathname;
/** What Helm itself waits for a hook, and more than that for a busy machine. */
const PATIENCE_MS = 300_000;

/**
 * The chart as it is, installed by the real Helm. A sandbox has no images and mounts nothing, so the node's directories
 * are named where they are; everything else is the chart's own.
 */
export class ChartInSandbox implements Disposable {
  readonly #sandbox: SandboxHandle;
  readonly #home = mkdtempSync(join(tmpdir(), 'eastwall-release-'));

  constructor(sandbox: SandboxHandle) {
    this.#sandbox = sandbox;
    this.#write('eastwall', `#!/bin/sh\nexec '${process.execPath}' '${MAIN}' "$@"\n`);
    chmodSync(join(this.#home, 'eastwall'), 0o755);
    this.#write('token', 'a-token-for-scrapes-only');
  }

  /** With `values` in `settings`. */
  install(settings: Values): Promise<string> {
    return this.#helm(['install', 'eastwall', CHART, '--create-namespace'], settings);
  }

  upgrade(settings: Values): Promise<string> {
    return this.#helm(['upgrade', 'eastwall', CHART], settings);
  }

  /** `helm test`, which throws what it says when it fails. */
  test(): Promise<string> {
    return this.#helm(['test', 'eastwall'], null);
  }

  uninstall(): Promise<string> {
    return this.#helm(['uninstall', 'eastwall'], null);
  }

  /** The command line, as an operator on the node of that agent runs it. */
  eastwall(node: string, ...args: readonly string[]) {
    const socket = this.#sandbox.agentSocket(node);
    return spawn(process.execPath, [MAIN, ...args, '--socket', socket], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  }

  [Symbol.dispose](): void {
    rmSync(this.#home, { recursive: true });
  }

  #write(name: string, text: string): void {
    writeFileSync(join(this.#home, name), text, { mode: 0o600 });
  }

  async #helm(args: readonly string[], settings: Values | null): Promise<string> {
    const { state, kubeconfig } = this.#sandbox;
    const given = settings === null ? [] : ['--values', '-'];
    const [program, ...argv] = enterSandbox(state, [HELM, ...args, '--namespace', NAMESPACE, ...given]);
    const child = spawn(program, argv, {
      env: { PATH: process.env['PATH'], HOME: this.#home, KUBECONFIG: kubeconfig },
      timeout: PATIENCE_MS,
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    child.stdin.end(settings === null ? '' : stringify(this.#values(settings)));
    const [code] = (await once(child, 'close')) as [number | null];
    if (code !== 0) throw new Error(output);
    return output;
  }

  #values(settings: Values): Values {
    const { stateDir } = this.#sandbox;
    const node = join(stateDir, 'nodes', '$(EASTWALL_NODE)');
    const env = {
      PATH: `${this.#home}:${process.env['PATH']}`,
      EASTWALL_NETNS_DIR: join(node, 'netns'),
      EASTWALL_RUN_DIR: join(node, 'run'),
      EASTWALL_KUBECONFIG: join(stateDir, 'kubeconfig'),
      EASTWALL_SOCKET: join(node, 'run', 'admin.sock'),
      EASTWALL_METRICS_TOKEN_FILE: join(this.#home, 'token'),
      XTABLES_LOCKFILE: join(node, 'run', 'xtables.lock'),
    };
    return {
      settings,
      netnsDir: join(stateDir, 'nodes'),
      extraEnv: Object.entries(env).map(([name, value]) => ({ name, value })),
      redis: { mode: 'none' },
      preflight: { enabled: false },
      startupTaint: { enabled: true },
    };
  }
}
