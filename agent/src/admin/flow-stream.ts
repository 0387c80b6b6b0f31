import type { ServerResponse } from 'node:http';
import type { FlowRecord } from '../record/record.ts';
import type { FlowLog, Subscription } from '../sinks/flow-log.ts';
import type { FlowQuery } from './flow-query.ts';
import { beginLines, LineStream, linesOf } from './line-stream.ts';

/** One line of the stream: a record, or how many were lost before the next one. */
export type FlowLine = FlowRecord | { readonly dropped: number };

/** Sends records until the reader hangs up, or only those that are kept. */
export function streamFlows(log: FlowLog, query: FlowQuery, response: ServerResponse): void {
  beginLines(response);
  const kept = query.since === null ? [] : log.since(query.since, query.filter);
  if (!query.follow) {
    response.end(linesOf(kept));
    return;
  }
  // INVARIANT: subscribing and reading what is kept happen in one turn, so that no record is missed or sent twice.
  const subscription = log.subscribe(query.filter, () => stream.pump());
  const stream = new LineStream(kept, () => linesFrom(subscription), response);
  response.on('close', () => subscription.close());
  stream.pump();
}

/** The queue keeps what came first, so what was lost came after it. */
function linesFrom(subscription: Subscription): FlowLine[] {
  const { records, dropped } = subscription.take();
  return dropped > 0 ? [...records, { dropped }] : [...records];
}
