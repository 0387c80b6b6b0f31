import type { ServerResponse } from 'node:http';
import type { FlowRecord } from '../record/record.ts';
import type { FlowLog, Subscription } from '../sinks/flow-log.ts';
import type { FlowQuery } from './flow-query.ts';

/** One line of the stream: a record, or how many were lost before the next one. */
export type FlowLine = FlowRecord | { readonly dropped: number };

/** Lines per write: enough to be cheap, small enough that a reader who stops costs little memory. */
const LINES_PER_WRITE = 100;

/**
 * Sends records as one JSON object per line until the reader hangs up. What the reader has not taken stays in the
 * subscription's bounded queue, not in the socket's buffer.
 */
export function streamFlows(log: FlowLog, query: FlowQuery, response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' });
  response.flushHeaders();
  const kept = query.since === null ? [] : log.since(query.since, query.filter);
  if (!query.follow) {
    response.end(kept.map(lineOf).join(''));
    return;
  }
  // INVARIANT: subscribing and reading what is kept happen in one turn, so that no record is missed or sent twice.
  const subscription = log.subscribe(query.filter, () => flow.pump());
  const flow = new Flow(kept, subscription, response);
  response.on('drain', () => flow.pump());
  response.on('close', () => subscription.close());
  flow.pump();
}

class Flow {
  readonly #pending: FlowLine[];
  readonly #source: Subscription;
  readonly #response: ServerResponse;

  constructor(kept: readonly FlowRecord[], source: Subscription, response: ServerResponse) {
    this.#pending = [...kept];
    this.#source = source;
    this.#response = response;
  }

  /** Writes until there is nothing left or the reader is behind. */
  pump(): void {
    while (!this.#response.writableNeedDrain) {
      if (this.#pending.length === 0 && !this.#refill()) return;
      this.#response.write(this.#pending.splice(0, LINES_PER_WRITE).map(lineOf).join(''));
    }
  }

  #refill(): boolean {
    const { records, dropped } = this.#source.take();
    for (const record of records) this.#pending.push(record);
    // The queue keeps what came first, so what was lost came after it.
    if (dropped > 0) this.#pending.push({ dropped });
    return this.#pending.length > 0;
  }
}

const lineOf = (line: FlowLine): string => `${JSON.stringify(line)}\n`;
