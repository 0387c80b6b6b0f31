import { HeldBytes } from '../kernel/held-bytes.ts';
import type { HostUnknown } from '../record/record.ts';
import { type ClientHello, ClientHelloReader } from '../tls/client-hello.ts';
import { Exchange } from './exchange.ts';
import { splice } from './splice.ts';
import type { Relay, RelayContext } from './wire.ts';

/** Bytes held until the ClientHello is complete. Those of real clients, post-quantum key shares included, are below 4 KiB. */
const MAX_HELD_BYTES = 65_536;

/**
 * Holds a TLS connection back until its ClientHello is complete, decides by the server name in it, and lets the same
 * bytes pass unread from then on.
 *
 * INVARIANT: upstream gets no byte before the decision. A caller that stalls, breaks off or sends what is no ClientHello
 * may be hiding the name that it is going to say, so where a policy is enforced it is refused, whatever rules allow.
 */
export class TlsRelay implements Relay {
  readonly headSince: number;
  readonly withheldSince = 0;
  readonly idle = true;
  private readonly reader = new ClientHelloReader();
  private readonly held = new HeldBytes();
  private readonly context: RelayContext;
  private over = false;

  constructor(context: RelayContext, now: number) {
    this.context = context;
    this.headSince = now;
  }

  get heldBytes(): number {
    return this.held.memoryBytes;
  }

  fromCaller(bytes: Uint8Array, start: number, end: number, now: number): void {
    if (this.over) return;
    this.held.append(bytes, start, end);
    const answer = this.reader.feed(bytes, start, end);
    if (answer.kind === 'hello') this.settle(answer.hello, now);
    else if (answer.kind === 'not-tls') this.giveUp('', now);
    else if (answer.kind === 'malformed' || this.held.length > MAX_HELD_BYTES)
      this.giveUp('malformed_client_hello', now);
  }

  /** No TLS server speaks first. */
  fromUpstream(bytes: Uint8Array, start: number, end: number, now: number): void {
    if (this.over) return;
    this.giveUp('', now)?.fromUpstream(bytes, start, end, now);
  }

  callerEnded(now: number): void {
    if (this.over) return;
    this.giveUp('malformed_client_hello', now)?.callerEnded(now);
  }

  upstreamEnded(now: number): void {
    if (this.over) return;
    if (this.context.scope.unreadable.verdict === 'deny') {
      this.abandon('upstream_reset', now);
      this.context.wire.abort();
    } else this.giveUp('', now)?.upstreamEnded(now);
  }

  abandon(outcome: Exchange['outcome'], now: number): void {
    if (this.over) return;
    this.over = true;
    const exchange = this.exchange('tls');
    exchange.outcome = outcome;
    // Nobody denied it, but where a policy audits, what would have been is reported.
    const { unreadable } = this.context.scope;
    if (unreadable.verdict === 'would-deny') exchange.decision = unreadable;
    exchange.conclude(this.context, now);
  }

  letGo(): void {}

  checkUploads(): void {}

  expire(now: number): void {
    if (!this.over) this.giveUp('malformed_client_hello', now);
  }

  /** It is decided once, when the ClientHello is there. */
  reconsider(): void {}

  drain(): void {}

  private settle({ sni, ech }: ClientHello, now: number): void {
    const { context } = this;
    this.over = true;
    const exchange = this.exchange('tls');
    exchange.host = ech ? '' : sni;
    if (exchange.host === '') exchange.hostUnknown = ech ? 'encrypted_client_hello' : 'no_server_name';
    const { host } = exchange;
    this.pass(splice(context, exchange, { judge: () => context.scope.unread(host), now }), now);
  }

  /** There is no ClientHello to decide by: opaque bytes, from somebody who might have shown more. */
  private giveUp(why: HostUnknown | '', now: number): Relay | null {
    const { context } = this;
    this.over = true;
    const exchange = this.exchange('opaque');
    exchange.hostUnknown = why;
    return this.pass(splice(context, exchange, { judge: () => context.scope.unreadable, now }), now);
  }

  /** Replays to the next relay what was held. */
  private pass(relay: Relay | null, now: number): Relay | null {
    const bytes = this.held.take();
    relay?.fromCaller(bytes, 0, bytes.length, now);
    return relay;
  }

  private exchange(protocol: 'tls' | 'opaque'): Exchange {
    const exchange = new Exchange(this.context.watcher.watch());
    exchange.begin(protocol, this.headSince);
    return exchange;
  }
}
