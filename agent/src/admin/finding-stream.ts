import type { ServerResponse } from 'node:http';
import type { FindingLog } from '../sinks/finding-log.ts';
import { beginLines, LineStream } from './line-stream.ts';

/** Sends all findings that are kept, then each again whenever it has changed, until the reader hangs up. */
export function streamFindings(log: FindingLog, response: ServerResponse): void {
  beginLines(response);
  const subscription = log.subscribe(() => stream.pump());
  const stream = new LineStream(log.all, () => subscription.take(), response);
  response.on('close', () => subscription.close());
  stream.pump();
}
