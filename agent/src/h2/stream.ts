import type { H2Exchange, StreamEnd, StreamOutcome } from './exchange.ts';

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

  constructor(id: number, exchange: H2Exchange) {
    this.id = id;
    this.exchange = exchange;
  }
}
