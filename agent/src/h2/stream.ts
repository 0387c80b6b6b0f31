import type { UploadPace } from '../kernel/upload-pace.ts';
import type { H2Exchange, Reading, StreamEnd, StreamOutcome } from './exchange.ts';
import type { ErrorCode } from './frame.ts';
import type { Withheld } from './withheld.ts';

/** A request under way that upstream knows of. Whoever is not in the table any more is closed on both sides. */
export class Stream implements StreamEnd {
  readonly id: number;
  readonly exchange: H2Exchange;
  /** Monotonic milliseconds. */
  readonly startedAt: number;
  outcome: StreamOutcome = 'ok';
  connectionFault: ErrorCode | null = null;
  status = 0;
  grpcStatus = -1;
  bytesSent = 0;
  bytesReceived = 0;
  requestOpen = true;
  responseOpen = true;
  /** Content bytes that Content-Length still promises; -1 when it was not given. */
  contentLeft = -1;
  isGrpc = false;
  /** What upstream has granted for its content beyond the initial window, less what has been sent. */
  uploadCredit = 0;
  /** Null until it has been looked at. */
  pace: UploadPace | null = null;
  /** What is still wanted of the request's content. */
  reading: Reading = 'nothing';
  seenEnough = false;
  withheld: Withheld | null = null;
  /** The response's content is wanted. */
  showsResponse = false;

  constructor(id: number, exchange: H2Exchange, startedAt: number) {
    this.id = id;
    this.exchange = exchange;
    this.startedAt = startedAt;
  }
}
