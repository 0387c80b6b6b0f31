import type { H2Exchange, Reading, StreamEnd, StreamOutcome } from './exchange.ts';
import type { Withheld } from './withheld.ts';

/** A request under way that upstream knows of. Whoever is not in the table any more is closed on both sides. */
export class Stream implements StreamEnd {
  readonly id: number;
  readonly exchange: H2Exchange;
  outcome: StreamOutcome = 'ok';
  status = 0;
  grpcStatus = -1;
  bytesSent = 0;
  bytesReceived = 0;
  requestOpen = true;
  responseOpen = true;
  /** Content bytes that Content-Length still promises; -1 when it was not given. */
  contentLeft = -1;
  /** What is still wanted of the request's content. */
  reading: Reading = 'nothing';
  seenEnough = false;
  withheld: Withheld | null = null;
  /** The response's content is wanted. */
  showsResponse = false;

  constructor(id: number, exchange: H2Exchange) {
    this.id = id;
    this.exchange = exchange;
  }
}
