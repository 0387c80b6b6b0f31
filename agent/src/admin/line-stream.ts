import type { ServerResponse } from 'node:http';

/** Lines per write: enough to be cheap, small enough that a reader who stops costs little memory. */
const LINES_PER_WRITE = 100;

export function beginLines(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' });
  response.flushHeaders();
}

/**
 * Sends one JSON object per line until the reader hangs up. What the reader has not taken stays in the source's bounded
 * queue, not in the socket's buffer.
 */
export class LineStream {
  readonly #pending: object[];
  readonly #take: () => readonly object[];
  readonly #response: ServerResponse;

  /** `first` is sent first, then what `take` gives; it is asked on `pump` and whenever the reader has caught up. */
  constructor(first: readonly object[], take: () => readonly object[], response: ServerResponse) {
    this.#pending = [...first];
    this.#take = take;
    this.#response = response;
    response.on('drain', () => this.pump());
  }

  /** Writes until there is nothing left or the reader is behind. */
  pump(): void {
    while (!this.#response.writableNeedDrain) {
      if (this.#pending.length === 0) this.#pending.push(...this.#take());
      if (this.#pending.length === 0) return;
      this.#response.write(linesOf(this.#pending.splice(0, LINES_PER_WRITE)));
    }
  }
}

export const linesOf = (values: readonly object[]): string =>
  values.map((value) => `${JSON.stringify(value)}\n`).join('');
