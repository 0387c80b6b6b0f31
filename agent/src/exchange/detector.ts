import type { Decision } from '@eastwall/policy';
import { HeldBytes } from '../kernel/held-bytes.ts';
import { beginsLikeRequest, beginsLikeResponse, greetsInH2, sniff } from '../protocol/sniff.ts';
import type { Protocol } from '../record/record.ts';
import { Exchange } from './exchange.ts';
import { Http1Relay } from './http1-relay.ts';
import { Http2Relay } from './http2-relay.ts';
import { refuse, splice } from './splice.ts';
import { TlsRelay } from './tls-relay.ts';
import type { Relay, RelayContext } from './wire.ts';

/** `declared`: nobody is to look. `unclear`: not shown in time. Where a policy is enforced it is refused, since a caller could hide anything so. */
type Detected = 'http1' | 'h2' | 'tls' | 'opaque' | 'declared' | 'unclear';

/**
 * The first relay of every connection: holds the caller's bytes until the protocol is known, while upstream is being
 * dialled. If upstream speaks first, the protocol is known at once: servers that greet (MySQL, SMTP) cost no timeout.
 *
 * INVARIANT: where an enforced policy governs the destination, no byte passes before the protocol is known to be
 * readable. Whether one does is asked when the protocol is known, not before: policies change while a caller is silent.
 */
export class Detector implements Relay {
  headSince = 0;
  readonly withheldSince = 0;
  readonly idle = true;
  private readonly held = new HeldBytes();
  private readonly context: RelayContext;
  /** Somebody has said something, and not only upstream to give up on a silent caller. */
  private heard = false;
  private over = false;

  constructor(context: RelayContext) {
    this.context = context;
  }

  get heldBytes(): number {
    return this.held.memoryBytes;
  }

  fromCaller(bytes: Uint8Array, start: number, end: number, now: number): void {
    if (this.over) return;
    if (this.headSince === 0) this.headSince = now;
    // Mostly one read tells, and then nothing has to be put aside.
    if (start === 0 && this.held.length === 0) {
      const sniffed = sniff(bytes, 0, end);
      if (sniffed !== 'more') {
        this.heard = true;
        this.settle(sniffed, now)?.fromCaller(bytes, 0, end, now);
        return;
      }
    }
    const searched = this.held.length;
    this.held.append(bytes, start, end);
    const sniffed = sniff(this.held.bytes, searched, this.held.length);
    if (sniffed !== 'more') this.settle(sniffed, now);
    else if (this.held.length > this.context.limits.maxHeadBytes) this.settle(this.unfinished, now);
  }

  fromUpstream(bytes: Uint8Array, start: number, end: number, now: number): void {
    if (this.over) return;
    this.heard = !beginsLikeResponse(bytes, start, end);
    const said = this.held.bytes.subarray(0, this.held.length);
    const protocol = greetsInH2(bytes.subarray(start, end), said) ? 'h2' : this.unspoken;
    this.settle(protocol, now)?.fromUpstream(bytes, start, end, now);
  }

  callerEnded(now: number): void {
    if (this.over) return;
    if (this.held.length === 0 && this.refuses) this.close(now);
    else this.settle(this.unspoken, now)?.callerEnded(now);
  }

  upstreamEnded(now: number): void {
    if (this.over) return;
    if (this.refuses) this.close(now);
    else this.settle(this.unspoken, now)?.upstreamEnded(now);
  }

  abandon(outcome: Exchange['outcome'], now: number): void {
    if (this.over) return;
    this.over = true;
    const exchange = this.exchange('unknown', now);
    exchange.outcome = outcome;
    exchange.conclude(this.context, now);
    this.context.watcher.unspoken(outcome, now);
  }

  checkUploads(): void {}

  expire(now: number): void {
    if (this.over) return;
    if (this.headSince === 0) {
      this.abandon('timeout', now);
      this.context.wire.abort();
    } else if (this.unfinished === 'http1') this.settle('http1', now)?.expire(now);
    else this.settle('unclear', now);
  }

  /**
   * Refuses what is denied whatever the caller is going to say, and lets pass what nobody is to read. To be called before
   * upstream is dialled, too.
   */
  reconsider(now: number): void {
    if (this.over) return;
    const { atConnect, governed } = this.context.scope;
    if (atConnect !== null) {
      this.over = true;
      const exchange = this.exchange('unknown', now);
      exchange.decision = atConnect;
      refuse(this.context, exchange, now);
    } else if (governed !== 'enforce' && this.context.declaredOpaque) this.settle('declared', now);
  }

  letGo(): void {}

  /** There are no words for it before the protocol is known; the relay that follows is told. */
  drain(): void {}

  private get refuses(): boolean {
    return this.context.scope.unread('').verdict === 'deny';
  }

  /** Once a policy is enforced, a connection that nobody has looked at may be anything. */
  private get unseen(): Decision {
    const { scope } = this.context;
    return scope.governed === 'enforce' ? scope.unreadable : scope.unread('');
  }

  /** What it is when the first line comes to no end: who began a request is told why it is refused. */
  private get unfinished(): Detected {
    return beginsLikeRequest(this.held.bytes, this.held.length) ? 'http1' : 'unclear';
  }

  /** What it is when something else happens before the caller has shown what it speaks. */
  private get unspoken(): Detected {
    return this.held.length === 0 ? 'opaque' : 'unclear';
  }

  /** Nothing was said (a port check, an idle upstream giving up): end both sides, deny nothing. */
  private close(now: number): void {
    this.abandon('ok', now);
    this.context.wire.dropUpstream();
    this.context.wire.finishCaller();
  }

  /** Installs the relay of the protocol and replays to it what was held; null when the connection is refused. */
  private settle(protocol: Detected, now: number): Relay | null {
    this.over = true;
    if (protocol !== 'declared' && (this.held.length > 0 || this.heard))
      this.context.watcher.spoke(protocol === 'unclear' ? 'opaque' : protocol, now);
    const relay = this.install(protocol, now);
    const bytes = this.held.take();
    if (bytes.length > 0) relay?.fromCaller(bytes, 0, bytes.length, now);
    return relay;
  }

  private install(protocol: Detected, now: number): Relay | null {
    const { context } = this;
    switch (protocol) {
      case 'http1':
        return this.become(new Http1Relay(context));
      case 'h2':
        return this.become(new Http2Relay(context));
      case 'tls':
        if (context.scope.readableOnly) return this.unread('tls', () => context.scope.unreadable, now);
        return this.become(new TlsRelay(context, now));
      case 'opaque':
        return this.unread('opaque', () => context.scope.unread(''), now);
      case 'declared':
        return this.unread('opaque', () => this.unseen, now);
      case 'unclear':
        return this.unread('opaque', () => context.scope.unreadable, now);
    }
  }

  private become(relay: Relay): Relay {
    this.context.become(relay);
    return relay;
  }

  private unread(protocol: Protocol, judge: () => Decision, now: number): Relay | null {
    return splice(this.context, this.exchange(protocol, now), { judge, now });
  }

  private exchange(protocol: Protocol, now: number): Exchange {
    const exchange = new Exchange(this.context.watcher.watch());
    exchange.begin(protocol, this.headSince === 0 ? now : this.headSince);
    exchange.declaredOpaque = this.context.declaredOpaque;
    return exchange;
  }
}
