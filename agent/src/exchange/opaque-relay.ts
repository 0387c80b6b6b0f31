import type { Protocol } from '../record/record.ts';
import { Exchange } from './exchange.ts';
import type { Relay, RelayContext } from './wire.ts';

/** Passes bytes both ways unread and counts them; the whole connection is one exchange. */
export class OpaqueRelay implements Relay {
  readonly headSince = 0;
  readonly idle = false;
  private readonly exchange = new Exchange();
  private readonly context: RelayContext;

  constructor(context: RelayContext, protocol: Protocol, now: number) {
    this.context = context;
    this.exchange.begin(protocol, now);
  }

  fromCaller(bytes: Uint8Array, start: number, end: number): void {
    this.exchange.bytesSent += end - start;
    this.context.wire.toUpstream(bytes, start, end);
  }

  fromUpstream(bytes: Uint8Array, start: number, end: number): void {
    this.exchange.bytesReceived += end - start;
    this.context.wire.toCaller(bytes, start, end);
  }

  callerEnded(): void {
    this.context.wire.finishUpstream();
  }

  upstreamEnded(): void {
    this.context.wire.finishCaller();
  }

  abandon(outcome: Exchange['outcome'], now: number): void {
    if (!this.exchange.open) return;
    this.exchange.open = false;
    this.exchange.outcome = outcome;
    this.context.finish(this.exchange, now);
  }

  expire(now: number): void {
    this.abandon('timeout', now);
    this.context.wire.abort();
  }
}
