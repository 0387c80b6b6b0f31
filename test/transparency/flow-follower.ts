import { type ClientRequest, request } from 'node:http';
import { createInterface } from 'node:readline';
import type { FlowLine } from '../../agent/src/admin/flow-stream.ts';
import type { FlowRecord } from '../../agent/src/record/record.ts';

/** Every record that an agent makes from now on, plainly allowed exchanges too: they are sent while somebody follows. */
export class FlowFollower {
  readonly records: FlowRecord[] = [];
  /** Lost because we were slow; a test that counts can't be trusted then. */
  dropped = 0;
  readonly #call: ClientRequest;

  private constructor(call: ClientRequest) {
    this.#call = call;
  }

  static async on(socketPath: string): Promise<FlowFollower> {
    return new Promise((resolve, reject) => {
      const call = request({ socketPath, path: '/flows?all=1' }, (response) => {
        const follower = new FlowFollower(call);
        const lines = createInterface({ input: response });
        lines.on('line', (line) => follower.#take(JSON.parse(line)));
        // Closing it aborts the answer, which both of them report.
        for (const stream of [response, lines]) stream.on('error', () => {});
        resolve(follower);
      });
      call.on('error', reject);
      call.end();
    });
  }

  close(): void {
    this.#call.destroy();
  }

  #take(line: FlowLine): void {
    if ('dropped' in line) this.dropped += line.dropped;
    else this.records.push(line);
  }
}
