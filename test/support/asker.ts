import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { SandboxHandle } from '../../agent/src/sandbox/start-sandbox.ts';

/** What `clients/asking.mjs` does when it is told so. */
export interface Work {
  /** Lists a page, and gets what is on it. */
  readonly list?: number;
  /** Lists a page. */
  readonly only?: number;
  readonly get?: readonly number[];
  readonly post?: readonly number[];
  /** A token. */
  readonly as?: string;
}

/** A process in a pod that asks for orders as it is told, one thing after the other. */
export class Asker implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  private constructor(child: ChildProcess) {
    this.#child = child;
    if (child.stdout === null) throw new Error('nothing to read from');
    this.#lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  }

  static async in(
    sandbox: SandboxHandle,
    pod: string,
    program: string,
    ...whom: readonly string[]
  ): Promise<Asker> {
    const command = ['node', program, ...whom];
    return new Asker(await sandbox.spawn(pod, command, { stdio: ['pipe', 'pipe', 'inherit'] }));
  }

  /** The statuses it got. */
  async asks(work: Work): Promise<number[]> {
    this.#child.stdin?.write(`${JSON.stringify(work)}\n`);
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error('it has ended');
    return JSON.parse(value) as number[];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await ended;
  }
}
