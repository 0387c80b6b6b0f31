import type { Decision } from '@eastwall/policy';
import type { Exchange } from './exchange.ts';
import type { Relay, RelayContext } from './wire.ts';

/**
 * Passes bytes both ways unread and counts them, for one exchange that lasts as long as the connection: from its first
 * byte on, or from where HTTP/1.1 was left by an upgrade or CONNECT.
 */
export class OpaqueRelay implements Relay {
  readonly headSince = 0;
  readonly withheldSince = 0;
  readonly idle = false;
  readonly heldBytes = 0;
  private readonly context: RelayContext;
  private readonly exchange: Exchange;
  private readonly judge: () => Decision;

  /** `judge` decides again, when something has changed, whether the bytes may still pass. */
  constructor(context: RelayContext, exchange: Exchange, judge: () => Decision) {
    this.context = context;
    this.exchange = exchange;
    this.judge = judge;
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
    this.exchange.outcome = outcome;
    this.exchange.conclude(this.context, now);
  }

  checkUploads(): void {}

  expire(now: number): void {
    this.abandon('timeout', now);
    this.context.wire.abort();
  }

  reconsider(now: number): void {
    if (!this.exchange.open) return;
    this.exchange.decision = this.judge();
    if (this.exchange.decision.verdict !== 'deny') return;
    this.abandon('denied', now);
    this.context.wire.abort();
  }

  letGo(): void {}

  /** Nobody could say it in a protocol that nobody reads: it goes on until its time is up. */
  drain(): void {}
}
