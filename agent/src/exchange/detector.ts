import { HeldBytes } from '../kernel/held-bytes.ts';
import { beginsLikeRequest, sniff } from '../protocol/sniff.ts';
import { Exchange } from './exchange.ts';
import { Http1Relay } from './http1-relay.ts';
import { Http2Relay } from './http2-relay.ts';
import { OpaqueRelay } from './opaque-relay.ts';
import type { Relay, RelayContext } from './wire.ts';

type Detected = 'http1' | 'h2' | 'tls' | 'opaque';

/**
 * The first relay of every connection: holds the caller's bytes until the protocol is known, while upstream is being
 * dialled. If upstream speaks first, the protocol is opaque at once: servers that greet (MySQL, SMTP) cost no timeout.
 *
 * INVARIANT: where an enforced policy governs the destination, no byte passes before the protocol is known to be
 * readable. Whether one does is asked when the protocol is known, not before: policies change while a caller is silent.
 */
export class Detector implements Relay {
  headSince = 0;
  readonly idle = true;
  private readonly held = new HeldBytes();
  private readonly context: RelayContext;
  private over = false;

  constructor(context: RelayContext) {
    this.context = context;
  }

  fromCaller(bytes: Uint8Array, start: number, end: number, now: number): void {
    if (this.over) return;
    if (this.headSince === 0) this.headSince = now;
    const searched = this.held.length;
    this.held.append(bytes, start, end);
    const sniffed = sniff(this.held.bytes, searched, this.held.length);
    if (sniffed !== 'more') this.settle(sniffed, now);
    else if (this.held.length > this.context.limits.maxHeadBytes) this.settle('opaque', now);
  }

  fromUpstream(bytes: Uint8Array, start: number, end: number, now: number): void {
    if (this.over) return;
    this.settle('opaque', now)?.fromUpstream(bytes, start, end, now);
  }

  callerEnded(now: number): void {
    if (this.over) return;
    if (this.held.length === 0 && this.refuses) this.close(now);
    else this.settle('opaque', now)?.callerEnded(now);
  }

  upstreamEnded(now: number): void {
    if (this.over) return;
    if (this.refuses) this.close(now);
    else this.settle('opaque', now)?.upstreamEnded(now);
  }

  abandon(outcome: Exchange['outcome'], now: number): void {
    if (this.over) return;
    this.over = true;
    const exchange = new Exchange();
    exchange.begin('unknown', now);
    exchange.outcome = outcome;
    this.context.finish(exchange, now);
  }

  expire(now: number): void {
    if (this.over) return;
    if (this.headSince === 0) {
      this.abandon('timeout', now);
      this.context.wire.abort();
    } else if (beginsLikeRequest(this.held.bytes, this.held.length)) this.settle('http1', now)?.expire(now);
    else this.settle('opaque', now);
  }

  reconsider(): void {}

  /** There are no words for it before the protocol is known; the relay that follows is told. */
  drain(): void {}

  private get refuses(): boolean {
    return this.context.unreadable().verdict === 'deny';
  }

  /** Nothing was said (a port check, an idle upstream giving up): end both sides, deny nothing. */
  private close(now: number): void {
    this.abandon('ok', now);
    this.context.wire.dropUpstream();
    this.context.wire.finishCaller();
  }

  /** Installs the relay of the protocol and replays to it what was held; undefined when the connection is refused. */
  private settle(protocol: Detected, now: number): Relay | undefined {
    this.over = true;
    const relay = this.relayFor(protocol, now);
    if (relay === null) return undefined;
    this.context.become(relay);
    const bytes = this.held.take();
    if (bytes.length > 0) relay.fromCaller(bytes, 0, bytes.length, now);
    return relay;
  }

  private relayFor(protocol: Detected, now: number): Relay | null {
    switch (protocol) {
      case 'http1':
        return new Http1Relay(this.context);
      case 'h2':
        return new Http2Relay(this.context);
      case 'tls':
      case 'opaque':
        return this.unread(protocol, now);
    }
  }

  private unread(protocol: Detected, now: number): Relay | null {
    const { context } = this;
    const exchange = new Exchange();
    exchange.begin(protocol, this.headSince === 0 ? now : this.headSince);
    exchange.decision = context.unreadable();
    if (exchange.decision.verdict !== 'deny')
      return new OpaqueRelay(context, exchange, () => context.unreadable());
    exchange.outcome = 'denied';
    exchange.open = false;
    context.finish(exchange, now);
    context.wire.abort();
    return null;
  }
}
