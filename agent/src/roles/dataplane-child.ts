import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { FromDataplane, ToDataplane } from '../ipc/messages.ts';
import { closeFd } from '../kernel/libc.ts';
import { socketPair } from '../kernel/libc-fds.ts';
import { partsOf } from '../kernel/parts.ts';
import { type Learned, MAX_LEARNED_PER_MESSAGE } from '../record/learned.ts';
import type { DataplaneCommand } from './dataplane-command.ts';
import { parseReport } from './dataplane-report.ts';
import { FdChannel } from './fd-channel.ts';
import { type ProcessStatus, parseProcessStatus } from './process-status.ts';

export interface ChildEvents {
  report(message: FromDataplane): void;
  /** The process has ended, or never began; `why` says how. Called once. */
  ended(why: string): void;
}

/**
 * Messages that wait for a dataplane to read them. Past this it is hung or far behind, and a new one with a fresh
 * snapshot is cheaper than the memory.
 */
const MAX_UNREAD = 20_000;

/** One dataplane process, from its start to its end. */
export class DataplaneChild {
  readonly channel: FdChannel;
  readonly #process: ChildProcess;
  readonly #events: ChildEvents;
  #unread = 0;
  #over = false;
  #why: string | null = null;

  constructor(command: DataplaneCommand, events: ChildEvents) {
    this.#events = events;
    const [ours, theirs] = socketPair();
    this.channel = new FdChannel(ours, closeFd);
    // The default serialization, JSON, and not `advanced`, which costs a third less: V8's own format is not made to be
    // read from a process that may be hostile.
    this.#process = spawn(command.file, command.args, {
      stdio: ['ignore', 'inherit', 'inherit', theirs, 'ipc'],
      env: childEnvironment(process.env),
    });
    closeFd(theirs);
    this.#process.on('message', (message) => this.#receive(message));
    this.#process.on('error', (error) => this.#end(error.message));
    this.#process.on('exit', (code, signal) => this.#end(signal ?? `exit code ${code}`));
  }

  get pid(): number | null {
    return this.#process.pid ?? null;
  }

  get alive(): boolean {
    return !this.#over;
  }

  send(message: ToDataplane): void {
    if (this.#over || !this.#process.connected) return;
    if (this.#unread >= MAX_UNREAD) {
      this.kill(`left ${MAX_UNREAD} messages unread`);
      return;
    }
    this.#unread++;
    this.#process.send(message, () => {
      this.#unread--;
    });
  }

  /** What others have learnt. */
  tell(learned: readonly Learned[]): void {
    for (const part of partsOf(learned, MAX_LEARNED_PER_MESSAGE))
      this.send({ kind: 'learned', learned: part });
  }

  /** Ends the process at once; `why` is what `ended` will say. */
  kill(why: string): void {
    this.#why ??= why;
    this.#process.kill('SIGKILL');
  }

  /** What the kernel says it may do; null when it is gone. */
  status(): ProcessStatus | null {
    if (this.#over) return null;
    try {
      return parseProcessStatus(readFileSync(`/proc/${this.pid}/status`, 'utf8'));
    } catch {
      return null;
    }
  }

  #receive(message: unknown): void {
    const report = parseReport(message);
    if (report === null) this.kill('sent a message that is none of the contract');
    else this.#events.report(report);
  }

  #end(why: string): void {
    if (this.#over) return;
    this.#over = true;
    this.channel.retire();
    this.#events.ended(this.#why ?? why);
  }
}

/**
 * glibc gives each of V8's threads an arena of its own, and what their work took stays in it: 8 MiB of a dataplane under
 * load. Only one thread ever works for long.
 */
const MALLOC = { MALLOC_ARENA_MAX: '1' };

/** Settings reach a dataplane as messages; of the environment it needs what Node itself does, and no credentials. */
function childEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const kept = ['PATH', 'LANG', 'TZ', 'NODE_OPTIONS', 'NODE_V8_COVERAGE'];
  const own = kept.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]]));
  return { ...Object.fromEntries(own), ...MALLOC };
}
