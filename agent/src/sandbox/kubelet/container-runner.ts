import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';
import type { Readable } from 'node:stream';
import type { Clock } from '../../kernel/clock.ts';
import type { ContainerState, PodSpec } from '../cluster/objects.ts';
import type { Argv } from '../process/run.ts';
import { Backoff } from './backoff.ts';

export interface ContainerStart {
  readonly argv: Argv;
  readonly env: Readonly<Record<string, string>>;
  readonly workingDir: string;
  /** Open for appending; belongs to the caller. */
  readonly logFd: number;
}

export interface ContainerRunnerOptions {
  readonly start: ContainerStart;
  readonly restartPolicy: NonNullable<PodSpec['restartPolicy']>;
  readonly clock: Clock;
  readonly onChange: () => void;
}

const EXIT_CANNOT_RUN = 128;

/** Keeps one container running as its restart policy says, and knows its state. */
export class ContainerRunner {
  readonly #options: ContainerRunnerOptions;
  readonly #backoff = new Backoff();
  #state: ContainerState = { waiting: { reason: 'ContainerCreating' } };
  #lastState: ContainerState | undefined;
  #restarts = 0;
  #child: ChildProcess | undefined;
  #pid: number | undefined;
  #startedAt = 0;
  #timer: NodeJS.Timeout | undefined;
  #stopped: (() => void) | undefined;
  #stopping = false;

  constructor(options: ContainerRunnerOptions) {
    this.#options = options;
  }

  get state(): ContainerState {
    return this.#state;
  }

  get lastState(): ContainerState | undefined {
    return this.#lastState;
  }

  get restarts(): number {
    return this.#restarts;
  }

  /** The container's first process, as the sandbox's PID namespace numbers it; undefined when it is not running. */
  get pid(): number | undefined {
    return this.#pid;
  }

  start(): void {
    if (this.#stopping) return;
    const { argv, env, workingDir, logFd } = this.#options.start;
    const [program, ...args] = argv;
    this.#startedAt = this.#options.clock.now();
    const child = spawn(program, args, { cwd: workingDir, env, stdio: ['ignore', logFd, logFd, 'pipe'] });
    this.#child = child;
    const report = child.stdio[3] as Readable | null;
    report?.once('data', (line: Buffer) => this.#started(child, Number(line.toString())));
    report?.on('error', () => {});
    child.once('error', () => this.#ended(EXIT_CANNOT_RUN));
    child.once('exit', (code, signal) => this.#ended(code ?? 128 + signalNumber(signal)));
  }

  /** SIGTERM, and SIGKILL for what is left after `graceMs`; done when the container is gone. */
  async stop(graceMs: number): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#timer);
    if (this.#child === undefined) return;
    const gone = new Promise<void>((resolve) => {
      this.#stopped = resolve;
    });
    this.#signal('SIGTERM');
    this.#timer = setTimeout(() => this.#signal('SIGKILL'), graceMs);
    await gone;
    clearTimeout(this.#timer);
  }

  #started(child: ChildProcess, pid: number): void {
    // One that ends at once may be gone before its report is read.
    if (this.#child !== child) return;
    this.#pid = pid;
    this.#set({ running: { startedAt: timestamp(this.#startedAt) } });
    if (this.#stopping) this.#signal('SIGTERM');
  }

  #ended(exitCode: number): void {
    if (this.#child === undefined) return;
    this.#child = undefined;
    this.#pid = undefined;
    const { clock, restartPolicy } = this.#options;
    const terminated = {
      exitCode,
      reason: exitCode === 0 ? 'Completed' : 'Error',
      startedAt: timestamp(this.#startedAt),
      finishedAt: timestamp(clock.now()),
    };
    const again = restartPolicy === 'Always' || (restartPolicy === 'OnFailure' && exitCode !== 0);
    if (again && !this.#stopping) this.#restartLater({ terminated }, clock.now() - this.#startedAt);
    else this.#set({ terminated });
    this.#stopped?.();
  }

  /** Never shown as terminated: then the pod would look finished for a moment. */
  #restartLater(last: ContainerState, ranMs: number): void {
    const delay = this.#backoff.after(ranMs);
    this.#lastState = last;
    this.#timer = setTimeout(() => {
      this.#restarts += 1;
      this.start();
    }, delay);
    this.#set({ waiting: { reason: 'CrashLoopBackOff', message: `back-off ${delay} ms` } });
  }

  /** Before the init script has reported there is only the launcher to signal, and it takes the rest with it. */
  #signal(signal: 'SIGTERM' | 'SIGKILL'): void {
    if (this.#pid === undefined) {
      if (signal === 'SIGKILL') this.#child?.kill(signal);
      return;
    }
    try {
      process.kill(this.#pid, signal);
    } catch {
      // Gone already: its exit is on the way to us.
    }
  }

  #set(state: ContainerState): void {
    this.#state = state;
    this.#options.onChange();
  }
}

/** RFC 3339 in whole seconds, as all of the API's timestamps. */
export const timestamp = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;

const signalNumber = (signal: NodeJS.Signals | null): number =>
  signal === null ? 0 : constants.signals[signal];
