import { Buffer } from 'node:buffer';
import type { Decision, Scope } from '@eastwall/policy';
import { type Exchange, UNGOVERNED } from '../src/exchange/exchange.ts';
import { NO_WATCHER, type Watcher } from '../src/exchange/watch.ts';
import type { Relay, RelayContext, RelayLimits, Wire } from '../src/exchange/wire.ts';

export const ALLOW: Decision = { verdict: 'allow', reason: 'allowed_by_rule', policy: 'shop/p', rule: 'r' };
export const UNREADABLE: Decision = {
  verdict: 'deny',
  reason: 'unreadable_protocol',
  policy: 'shop/p',
  rule: null,
};
export const DENY: Decision = { verdict: 'deny', reason: 'denied_by_rule', policy: 'shop/p', rule: 'no' };

/** What a relay did, in order. Neighbouring writes to one side are one entry: how they were cut is not the contract. */
export type Deed =
  | { readonly upstream: string }
  | { readonly caller: string }
  | 'finish upstream'
  | 'finish caller'
  | 'drop upstream'
  | 'abort'
  | 'hold'
  | 'resume';

type Recorded = 'protocol' | 'method' | 'path' | 'host' | 'status' | 'outcome' | 'fault' | 'decision';

export interface PlaybookOptions {
  /** What is decided about bytes that nobody can read; may change while the playbook runs. */
  unreadable?(): Decision;
  judge?(method: string, path: string, host: string): Decision;
  /** What is decided about TLS and opaque bytes, where that is not the same: at destinations outside of the cluster. */
  unread?(host: string): Decision;
  atConnect?(): Decision | null;
  readonly governed?: Scope['governed'];
  readonly traced?: boolean;
  readonly observing?: boolean;
  readonly declaredOpaque?: boolean;
  readonly limits?: Partial<RelayLimits>;
  readonly watcher?: Watcher;
}

/** Plays events to a relay and notes what it does and records: bytes in, commands out, no socket anywhere. */
export class Playbook implements Wire, RelayContext {
  readonly wire: Wire = this;
  readonly limits: RelayLimits;
  readonly watcher: Watcher;
  readonly deeds: Deed[] = [];
  readonly records: (Pick<Exchange, Recorded> & {
    hostUnknown?: string;
    grpcStatus?: number;
    declaredOpaque?: true;
    traceparent?: string;
  })[] = [];
  readonly judged: string[] = [];
  now = 1;
  relay: Relay;
  private ids = 0;
  /** FIN has gone with the last bytes. */
  private told = false;
  private readonly options: PlaybookOptions;

  constructor(relay: (context: RelayContext, playbook: Playbook) => Relay, options: PlaybookOptions = {}) {
    this.options = options;
    this.limits = { maxHeadBytes: 8192, maxDiscardBytes: 1000, maxHeldBytes: 1000, ...options.limits };
    this.watcher = options.watcher ?? NO_WATCHER;
    this.relay = relay(this, this);
  }

  /** The caller sends this; each string is one read. */
  caller(...reads: (string | Uint8Array)[]): this {
    for (const read of reads)
      this.read(read, (bytes, start, end) => this.relay.fromCaller(bytes, start, end, this.now));
    return this;
  }

  upstream(...reads: (string | Uint8Array)[]): this {
    for (const read of reads)
      this.read(read, (bytes, start, end) => this.relay.fromUpstream(bytes, start, end, this.now));
    return this;
  }

  callerEnds(): this {
    this.relay.callerEnded(this.now);
    return this;
  }

  upstreamEnds(): this {
    this.relay.upstreamEnded(this.now);
    return this;
  }

  /** Everything written to one side, in one string. */
  sentTo(side: 'upstream' | 'caller'): string {
    return this.deeds
      .map((deed) => (typeof deed === 'object' && side in deed ? Object.values(deed)[0] : ''))
      .join('');
  }

  /** Bytes lie in the middle of a larger buffer that is wiped afterwards, as with the shared read buffer. */
  private read(
    text: string | Uint8Array,
    deliver: (bytes: Uint8Array, start: number, end: number) => void,
  ): void {
    const bytes = typeof text === 'string' ? Buffer.from(text, 'latin1') : text;
    const memory = Buffer.alloc(bytes.length + 14, 0x21);
    memory.set(bytes, 7);
    deliver(memory, 7, 7 + bytes.length);
    memory.fill(0);
  }

  // === RelayContext ===

  get scope(): Scope {
    const { options, judged } = this;
    const unreadable = options.unreadable?.() ?? UNGOVERNED;
    return {
      governed: options.governed ?? 'enforce',
      size: 0,
      readableOnly: options.unread === undefined && unreadable.verdict === 'deny',
      atConnect: options.atConnect?.() ?? null,
      unreadable,
      evaluate(method, path, host) {
        judged.push(`${method} ${path}`);
        return options.judge?.(method, path, host) ?? ALLOW;
      },
      unread: (host) => options.unread?.(host) ?? unreadable,
      tunnel: (host) => (options.unread ? this.scope.evaluate('CONNECT', '', host) : unreadable),
      expectation: () => null,
    };
  }

  get observing(): boolean {
    return this.options.observing ?? false;
  }

  get traced(): boolean {
    return this.options.traced ?? false;
  }

  get declaredOpaque(): boolean {
    return this.options.declaredOpaque ?? false;
  }

  finish(exchange: Exchange): void {
    const { protocol, method, path, host, hostUnknown, status, outcome, fault, decision } = exchange;
    this.records.push({
      ...{ protocol, method, path, host, status, outcome, fault, decision },
      ...(exchange.declaredOpaque && { declaredOpaque: true as const }),
      ...(exchange.traceparent !== '' && { traceparent: exchange.traceparent }),
      ...(hostUnknown !== '' && { hostUnknown }),
      ...(exchange.grpcStatus >= 0 && { grpcStatus: exchange.grpcStatus }),
    });
  }

  become(relay: Relay): void {
    this.relay = relay;
  }

  newId(): string {
    return `ew-${++this.ids}`;
  }

  // === Wire ===

  toUpstream(bytes: Uint8Array, start: number, end: number): void {
    this.write('upstream', bytes, start, end);
  }

  toCaller(bytes: Uint8Array, start: number, end: number): void {
    this.write('caller', bytes, start, end);
  }

  lastToCaller(bytes: Uint8Array, start: number, end: number): void {
    this.toCaller(bytes, start, end);
    this.finishCaller();
    this.told = true;
  }

  finishUpstream(): void {
    this.deeds.push('finish upstream');
  }

  finishCaller(): void {
    if (this.told) return;
    this.deeds.push('finish caller');
  }

  dropUpstream(): void {
    this.deeds.push('drop upstream');
  }

  /** As the connection does: whatever the relay has not concluded itself ends with it. */
  abort(): void {
    this.deeds.push('abort');
    this.relay.abandon('ok', this.now);
  }

  holdCaller(): void {
    this.deeds.push('hold');
  }

  resumeCaller(): void {
    this.deeds.push('resume');
  }

  private write(side: 'upstream' | 'caller', bytes: Uint8Array, start: number, end: number): void {
    if (start === end) return;
    const text = Buffer.from(bytes.subarray(start, end)).toString('latin1');
    const last = this.deeds.at(-1);
    const before = typeof last === 'object' && side in last ? (Object.values(last)[0] as string) : null;
    if (before !== null) this.deeds.pop();
    const joined = (before ?? '') + text;
    this.deeds.push(side === 'upstream' ? { upstream: joined } : { caller: joined });
  }
}
