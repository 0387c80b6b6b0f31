import type { Decision } from '@eastwall/policy';
import { HeldBytes } from '../kernel/held-bytes.ts';
import { sniff } from '../protocol/sniff.ts';
import { Exchange } from './exchange.ts';
import type { Relay, RelayContext } from './wire.ts';

export type Detected = 'http1' | 'h2' | 'tls' | 'opaque';

/** Why and how a connection that no policy can read is refused where a policy is enforced. */
const UNREADABLE: Decision = Object.freeze({
  verdict: 'deny',
  reason: 'unreadable_protocol',
  policy: null,
  rule: null,
});

export interface DetectorOptions {
  /** An enforced policy governs the destination: only what the policy can read may pass. */
  readonly readableOnly: boolean;
  /** Installs the relay for the protocol; the detector then replays to it what it held. */
  adopt(protocol: Detected, now: number): Relay;
}

/**
 * The first relay of every connection: holds the caller's bytes until the protocol is known, while upstream is being
 * dialled. If upstream speaks first, the protocol is opaque at once: servers that greet (MySQL, SMTP) cost no timeout.
 * INVARIANT: where `readableOnly`, no byte passes before the protocol is known to be readable.
 */
export class Detector implements Relay {
  headSince = 0;
  readonly idle = true;
  private readonly held = new HeldBytes();
  private readonly context: RelayContext;
  private readonly options: DetectorOptions;
  private over = false;

  constructor(context: RelayContext, options: DetectorOptions) {
    this.context = context;
    this.options = options;
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
    if (this.held.length === 0 && this.options.readableOnly) this.close(now);
    else this.settle('opaque', now)?.callerEnded(now);
  }

  upstreamEnded(now: number): void {
    if (this.over) return;
    if (this.options.readableOnly) this.close(now);
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
    } else this.settle('opaque', now);
  }

  /** Nothing was said (a port check, an idle upstream giving up): end both sides, deny nothing. */
  private close(now: number): void {
    this.abandon('ok', now);
    this.context.wire.dropUpstream();
    this.context.wire.finishCaller();
  }

  /** Chooses the relay and replays to it; undefined when the connection is refused instead. */
  private settle(protocol: Detected, now: number): Relay | undefined {
    this.over = true;
    if (this.options.readableOnly && protocol !== 'http1' && protocol !== 'h2') {
      this.refuse(protocol, now);
      return undefined;
    }
    const relay = this.options.adopt(protocol, now);
    const bytes = this.held.take();
    if (bytes.length > 0) relay.fromCaller(bytes, 0, bytes.length, now);
    return relay;
  }

  private refuse(protocol: Detected, now: number): void {
    const exchange = new Exchange();
    exchange.begin(protocol, now);
    exchange.decision = UNREADABLE;
    exchange.outcome = 'denied';
    exchange.id = this.context.newId();
    this.context.finish(exchange, now);
    this.context.wire.abort();
  }
}
