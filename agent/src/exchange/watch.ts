import type { Decision, Destination, Scope, Workload } from '@eastwall/policy';
import type { Outcome } from '../record/record.ts';
import type { Exchange } from './exchange.ts';

/**
 * What a request says; only readable during the call that hands it over. Everything but method, path and host is made
 * when it is asked for: what no guard wants costs nothing. A field that is absent reads as empty, and one that is given
 * more than once as its first (`cookie`, in HTTP/2, as all of them: RFC 9113 §8.2.3).
 */
export interface RequestView {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly host: string;
  /** What follows the first `?` of the target, as sent. */
  query(): string;
  authorization(): string;
  cookie(): string;
  /** `x-api-key`. */
  apiKey(): string;
  contentType(): string;
  contentEncoding(): string;
}

/** What a response's final head says; see `RequestView`. */
export interface ResponseView {
  readonly status: number;
  contentType(): string;
  contentEncoding(): string;
  location(): string;
  deprecation(): string;
  sunset(): string;
}

/**
 * What a guard wants of a body: nothing, its bytes as they pass, or that the request is withheld until it was seen.
 * A call that streams both ways may never end by itself: who asks for 'whole' there says soon that it has seen enough.
 */
export type Reading = 'nothing' | 'stream' | 'whole';

/** The answer of a guard that does not let a request pass. */
export interface Refusal {
  /** What is recorded and explained. With `would-deny` that is all: the request goes on. */
  readonly decision: Decision;
  readonly status: 403 | 429;
  readonly retryAfterSeconds?: number;
  /** Further fields of the answer; names are lower-case. */
  readonly headers?: readonly (readonly [name: string, value: string])[];
  /** Absent: PERMISSION_DENIED for 403, RESOURCE_EXHAUSTED for 429. */
  readonly grpcStatus?: number;
}

/**
 * Guards' view of one exchange after the other: one object goes with each `Exchange` object and is reused like it.
 *
 * Bodies are shown as their content, without chunk framing, frame heads or padding, encoded as `contentEncoding` says,
 * in any pieces; the bytes are only valid during the call. What follows an upgrade or CONNECT is not shown.
 */
export interface Watch {
  /** A request that policy lets pass. Null: it goes on. Whatever the answer, `end` follows. */
  request(view: RequestView, decision: Decision, now: number): Refusal | null;
  /**
   * A connection that policy lets pass unread. Null: it goes on; else what is recorded, and with `deny` it is refused.
   * Whatever the answer, `end` follows.
   */
  unread(decision: Decision, now: number): Decision | null;
  /** What is wanted of the request's body; asked once, right after `request`, when there is a body. */
  readonly requestReading: Reading;
  /** True when enough was seen: `requestBodyEnd` follows, and what is held may go on. */
  requestBody(bytes: Uint8Array, start: number, end: number): boolean;
  /**
   * Reading has ended: `complete` when that was all of the body, else because enough was seen or no more can be held.
   * With 'whole' it may still refuse. Not called when the exchange breaks off before.
   */
  requestBodyEnd(complete: boolean, now: number): Refusal | null;
  /** The final head of upstream's response; answers of our own are not shown. */
  response(view: ResponseView, now: number): 'nothing' | 'stream';
  responseBody(bytes: Uint8Array, start: number, end: number): void;
  /** Exactly once after each `request` or `unread`, however the exchange ended, and before it is recorded. */
  end(exchange: Exchange, now: number): void;
}

/** What a connection speaks, as far as its first bytes tell. */
export type Spoken = 'http1' | 'h2' | 'tls' | 'opaque';

/** Makes the watches of one connection. */
export interface Watcher {
  /** Once, when it has been looked at and somebody has said something; whatever becomes of it. */
  spoke(spoken: Spoken, now: number): void;
  watch(): Watch;
  /** Instead, when it has ended before it was known what it speaks: nothing of it is watched. */
  unspoken(outcome: Outcome, now: number): void;
}

/** The two ends of a connection as they are known now: an identity or a Service may arrive after it was opened. */
export interface Parties {
  readonly caller: Workload;
  readonly destination: Destination;
  /** What policies say of the two. */
  readonly scope: Pick<Scope, 'expectation'>;
}

/** Where connections get their watcher from. */
export interface WatcherSource {
  watcher(parties: Parties): Watcher;
  /**
   * Of a connection that comes to `pod`, from `parties.caller` where that is known: what the pod is asked explains what it
   * asks others while the exchange lasts. Nothing is decided there: its watches let everything pass and withhold no body.
   */
  inbound(pod: () => Workload, parties: Parties): Watcher;
}

/** Wants to see nothing. */
export const UNWATCHED: Watch = Object.freeze({
  request: () => null,
  unread: () => null,
  requestReading: 'nothing' as const,
  requestBody: () => true,
  requestBodyEnd: () => null,
  response: () => 'nothing' as const,
  responseBody() {},
  end() {},
});

export const NO_WATCHER: Watcher = Object.freeze({ spoke() {}, watch: () => UNWATCHED, unspoken() {} });
