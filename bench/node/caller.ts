import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { SandboxHandle } from '../../agent/src/sandbox/start-sandbox.ts';
import { NAMESPACE } from '../cluster/names.ts';
import { CALLER, LIVE_CLIENT } from './full-node.ts';

interface Said {
  readonly what: string;
  readonly at: number;
}

/** A client in the caller's pod, as `live-client.ts` describes it. */
export class LiveClient implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  private constructor(child: ChildProcess) {
    this.#child = child;
    if (child.stdout === null) throw new Error('nothing to read from');
    this.#lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  }

  static async start(sandbox: SandboxHandle, ...args: readonly string[]): Promise<LiveClient> {
    const argv = [process.execPath, LIVE_CLIENT, ...args];
    return new LiveClient(
      await sandbox.spawn(`${NAMESPACE}/${CALLER}`, argv, { stdio: ['pipe', 'pipe', 'inherit'] }),
    );
  }

  /** Has it open another connection. */
  dial(): void {
    this.#child.stdin?.write('\n');
  }

  /** When it said that, on the wall clock; it has to be the next thing that it says. */
  async says(what: string): Promise<number> {
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error(`the client has ended before it said ${what}`);
    const said = JSON.parse(value) as Said;
    if (said.what !== what) throw new Error(`the client says ${said.what} and not ${what}`);
    return said.at;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
  }
}
