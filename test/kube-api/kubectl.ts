import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Which kubectl to test with; `KUBECTL=/path` picks another version than the one on the PATH. */
const BINARY = process.env['KUBECTL'] ?? 'kubectl';

/** Ends a hang; no command takes anywhere near this long. */
const DEADLINE_MS = 30_000;

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A running `kubectl get -w`. */
export interface Following {
  readonly lines: readonly string[];
  stop(): Promise<void>;
}

/** The real kubectl, with a configuration and a discovery cache of its own. */
export class Kubectl {
  readonly #home: string;
  readonly #following = new Set<ChildProcessWithoutNullStreams>();

  private constructor(home: string) {
    this.#home = home;
  }

  /** Rejects when there is no kubectl: a test without it would say nothing. */
  static async with(kubeconfig: string): Promise<Kubectl> {
    const home = await mkdtemp(join(tmpdir(), 'eastwall-kubectl-'));
    await writeFile(join(home, 'config'), kubeconfig);
    const kubectl = new Kubectl(home);
    await kubectl.ok(['version', '--client']).catch(async (error: unknown) => {
      await kubectl.close();
      throw new Error('kubectl is needed (Debian: `apt-get install kubernetes-client`)', { cause: error });
    });
    return kubectl;
  }

  /** Runs to the end. `input` is the manifest for `-f -`. */
  async run(args: readonly string[], input?: unknown): Promise<Outcome> {
    const child = this.#spawn(args);
    const stdout = collect(child.stdout);
    const stderr = collect(child.stderr);
    child.stdin.end(input === undefined ? '' : JSON.stringify(input));
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, stdout: stdout.text(), stderr: stderr.text() };
  }

  /** The output of a command that has to succeed. */
  async ok(args: readonly string[], input?: unknown): Promise<string> {
    const { code, stdout, stderr } = await this.run(args, input);
    if (code !== 0) throw new Error(`\`kubectl ${args.join(' ')}\` ended with ${code}: ${stderr}${stdout}`);
    return stdout;
  }

  /** The complaint of a command that has to fail. */
  async refusal(args: readonly string[], input?: unknown): Promise<string> {
    const { code, stdout, stderr } = await this.run(args, input);
    if (code === 0) throw new Error(`\`kubectl ${args.join(' ')}\` succeeded: ${stdout}`);
    return stderr;
  }

  /** Starts a command that prints a line whenever something happens. */
  follow(args: readonly string[]): Following {
    const child = this.#spawn(args);
    const stdout = collect(child.stdout);
    this.#following.add(child);
    return {
      get lines() {
        return stdout
          .text()
          .split('\n')
          .filter((line) => line !== '');
      },
      stop: async () => {
        this.#following.delete(child);
        child.kill();
        if (child.exitCode === null && child.signalCode === null) await once(child, 'close');
      },
    };
  }

  async close(): Promise<void> {
    for (const child of this.#following) child.kill('SIGKILL');
    await rm(this.#home, { recursive: true, force: true });
  }

  #spawn(args: readonly string[]): ChildProcessWithoutNullStreams {
    return spawn(BINARY, [`--cache-dir=${join(this.#home, 'cache')}`, ...args], {
      env: { PATH: process.env['PATH'], HOME: this.#home, KUBECONFIG: join(this.#home, 'config') },
      timeout: DEADLINE_MS,
    });
  }
}

function collect(stream: NodeJS.ReadableStream) {
  let all = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    all += chunk;
  });
  return { text: () => all };
}
