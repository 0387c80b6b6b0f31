import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { constants } from 'node:os';
import { join } from 'node:path';
import type { ObjectInput } from '../kube-api/object.ts';
import { logDirectory, logName, runDirectory } from '../kubelet/node-paths.ts';
import type { Argv } from '../process/run.ts';
import { CONTROL_SOCKET, KUBECONFIG, OUTSIDE, type PodSummary, type SandboxSummary } from '../protocol.ts';
import { SandboxError } from '../sandbox-error.ts';
import { ControlClient } from './control-client.ts';
import { enterSandbox } from './namespaces.ts';
import { isAlive, readState, type SandboxState } from './state-dir.ts';

export interface ExecResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ExecOptions {
  readonly input?: string;
  /** The command is killed when it takes longer. */
  readonly timeoutMs?: number;
  /** Added to the container's environment. */
  readonly env?: Readonly<Record<string, string>>;
}

const DEFAULT_TIMEOUT_MS = 30_000;
const SETTLE_MS = 30_000;

/**
 * A running sandbox, from outside of it. `pod` is always `namespace/pod` or `namespace/workload`; for commands and
 * logs also `outside/host`.
 */
export class SandboxClient {
  readonly stateDir: string;
  readonly state: SandboxState;
  readonly #control: ControlClient;

  protected constructor(stateDir: string, state: SandboxState, control: ControlClient) {
    this.stateDir = stateDir;
    this.state = state;
    this.#control = control;
  }

  /** Throws a `SandboxError` when none is running there. */
  static async attach(stateDir: string): Promise<SandboxClient> {
    const [state, control] = await reach(stateDir);
    return new SandboxClient(stateDir, state, control);
  }

  get kubeconfig(): string {
    return join(this.stateDir, KUBECONFIG);
  }

  /** Socket of the agent on the node; there once that agent is ready. */
  agentSocket(node: string): string {
    return join(runDirectory(this.stateDir, node), 'admin.sock');
  }

  status(): Promise<SandboxSummary> {
    return this.#control.call('status', {});
  }

  pod(pod: string): Promise<PodSummary> {
    return this.#control.call('pod', { pod });
  }

  /** The pod's first address, IPv4. */
  async podIp(pod: string): Promise<string> {
    const [ip] = (await this.pod(pod)).ips;
    if (ip === undefined) throw new SandboxError(`pod \`${pod}\` has no address`);
    return ip;
  }

  /** What the pod's first container has written so far, over all its restarts. */
  async logs(pod: string): Promise<string> {
    const outside = `${OUTSIDE}/`;
    const { node, namespace, name } = pod.startsWith(outside)
      ? { node: OUTSIDE, namespace: OUTSIDE, name: pod.slice(outside.length) }
      : await this.pod(pod);
    return readFile(join(logDirectory(this.stateDir, node), logName(namespace, name)), 'utf8');
  }

  async apply(objects: readonly ObjectInput[]): Promise<void> {
    await this.#control.call('apply', { objects });
  }

  async remove(resource: string, namespace: string | undefined, name: string): Promise<void> {
    await this.#control.call('remove', { resource, name, ...(namespace === undefined ? {} : { namespace }) });
  }

  /** Waits until every pod is ready, or has finished, and Services lead to them. */
  async settle(timeoutMs = SETTLE_MS): Promise<void> {
    await this.#control.call('settle', { timeoutMs });
  }

  async kubeApi(action: 'pause' | 'resume' | 'drop-watches' | 'forget-history'): Promise<void> {
    await this.#control.call('kubeApi', { action });
  }

  /** Runs a command in a pod, with the pod's capabilities and environment. */
  async exec(pod: string, argv: readonly string[], options: ExecOptions = {}): Promise<ExecResult> {
    const { env = {}, ...rest } = options;
    return collect(await this.spawn(pod, argv, { stdio: 'pipe', env }), rest);
  }

  /** The same, as a child process; killing it kills the command. */
  async spawn(
    pod: string,
    command: readonly string[],
    options: SpawnOptions & { readonly container?: string } = {},
  ): Promise<ChildProcess> {
    const { container, env, ...rest } = options;
    const plan = await this.#control.call('enter', {
      pod,
      command,
      ...(container === undefined ? {} : { container }),
    });
    return start(enterSandbox(this.state, plan.argv), { ...rest, env: { ...plan.env, ...env } });
  }

  /** Runs kubectl with the sandbox's administrator rights, in the network that reaches its kube API. */
  async kubectl(args: readonly string[], options: ExecOptions = {}): Promise<ExecResult> {
    return collect(this.spawnKubectl(args, { stdio: 'pipe' }), options);
  }

  spawnKubectl(args: readonly string[], options: SpawnOptions): ChildProcess {
    return this.spawnBeside(['kubectl', ...args], options);
  }

  /** Runs a program of this machine in that network, as whoever administers the cluster from there. */
  async runBeside(argv: Argv, { env, ...options }: ExecOptions = {}): Promise<ExecResult> {
    return collect(this.spawnBeside(argv, { stdio: 'pipe', ...(env && { env }) }), options);
  }

  spawnBeside(argv: Argv, { env, ...options }: SpawnOptions): ChildProcess {
    const own = { ...process.env, KUBECONFIG: this.kubeconfig, ...env };
    return start(enterSandbox(this.state, argv), { ...options, env: own });
  }

  /** Asks the sandbox to end and doesn't wait for it; `stopSandbox` does. */
  async requestStop(): Promise<void> {
    await this.#control.call('stop', {});
  }

  close(): void {
    this.#control.close();
  }
}

async function reach(stateDir: string): Promise<[SandboxState, ControlClient]> {
  const state = await readState(stateDir);
  if (state === undefined || !(await isAlive(state.holder))) {
    throw new SandboxError(
      `no sandbox is running in \`${stateDir}\` (start one with \`eastwall sandbox up -f <topology>\`)`,
    );
  }
  try {
    return [state, await ControlClient.connect(join(stateDir, CONTROL_SOCKET))];
  } catch {
    throw new SandboxError(`the sandbox in \`${stateDir}\` is not ready yet`);
  }
}

const start = ([program, ...args]: Argv, options: SpawnOptions): ChildProcess =>
  spawn(program, args, options);

function collect(
  child: ChildProcess,
  { input, timeoutMs = DEFAULT_TIMEOUT_MS }: ExecOptions,
): Promise<ExecResult> {
  return new Promise((resolve, reject) => {
    const output = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream]?.setEncoding('utf8').on('data', (text: string) => {
        output[stream] += text;
      });
    }
    const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
    child.once('error', reject);
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ code: exitCode(code, signal), ...output });
    });
    child.stdin?.on('error', () => {});
    child.stdin?.end(input ?? '');
  });
}

/** A shell's view of how a child ended. */
export const exitCode = (code: number | null, signal: NodeJS.Signals | null): number =>
  code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
