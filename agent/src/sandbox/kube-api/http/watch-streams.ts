import type { ServerResponse } from 'node:http';
import type { WatchEvent, WatchSink } from './exchange.ts';

interface Stream {
  readonly response: ServerResponse;
  readonly stop: () => void;
}

/** Events held back by a pause before watchers are cut off, to come back and find out that they missed some. */
const MAX_HELD = 100_000;

/** The open watches: one JSON object a line each, held back while the server is paused. */
export class WatchStreams {
  readonly #maxBufferBytes: number;
  readonly #streams = new Set<Stream>();
  #held: (() => void)[] | undefined;

  constructor(maxBufferBytes: number) {
    this.#maxBufferBytes = maxBufferBytes;
  }

  open(response: ServerResponse, start: (sink: WatchSink) => () => void): void {
    response.writeHead(200, { 'content-type': 'application/json', 'transfer-encoding': 'chunked' });
    // Clients take the head as the sign that the watch is on; the first event may be long in coming.
    response.flushHeaders();
    const stream: Stream = { response, stop: start(this.#sink(response)) };
    this.#streams.add(stream);
    response.on('close', () => {
      stream.stop();
      this.#streams.delete(stream);
    });
  }

  /** Breaks all connections; returns how many there were. */
  drop(): number {
    const count = this.#streams.size;
    for (const { response } of this.#streams) response.destroy();
    return count;
  }

  hold(): void {
    this.#held ??= [];
  }

  release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const write of held) write();
  }

  #sink(response: ServerResponse): WatchSink {
    const write = (action: () => void) => {
      if (this.#held === undefined) action();
      else if (this.#held.length < MAX_HELD) this.#held.push(action);
      else response.destroy();
    };
    return {
      event: (event) => write(() => this.#send(response, event)),
      end: () => write(() => response.end()),
    };
  }

  #send(response: ServerResponse, event: WatchEvent): void {
    if (response.destroyed || response.writableEnded) return;
    response.write(`${JSON.stringify(event)}\n`);
    if (response.writableLength > this.#maxBufferBytes) response.destroy();
  }
}
