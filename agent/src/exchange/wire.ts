import type { Scope } from '@eastwall/policy';
import type { Exchange } from './exchange.ts';
import type { Watcher } from './watch.ts';

/**
 * What a relay asks of the two sockets it is between. Callbacks instead of command objects: one event leads to one
 * call and no allocation. Bytes are only valid during the call; who keeps them copies them.
 */
export interface Wire {
  toUpstream(bytes: Uint8Array, start: number, end: number): void;
  toCaller(bytes: Uint8Array, start: number, end: number): void;
  /** The end of the last response, and FIN with it. Upstream is left to close first, unless it is finished, too. */
  lastToCaller(bytes: Uint8Array, start: number, end: number): void;
  /** Sends FIN once everything written so far is out. */
  finishUpstream(): void;
  finishCaller(): void;
  /** Upstream is not needed any more: reset it without touching the caller. */
  dropUpstream(): void;
  /** Ends both sides with a reset. */
  abort(): void;
  /** Stop and restart reading from the caller. */
  holdCaller(): void;
  resumeCaller(): void;
}

/** What a relay needs besides sockets; one per connection. */
export interface RelayContext {
  readonly wire: Wire;
  readonly limits: RelayLimits;
  /** What policies say of this connection as things stand now; not to be kept, since they may change. */
  readonly scope: Scope;
  /** Who is shown the connection's requests. */
  readonly watcher: Watcher;
  /**
   * Somebody has declared that this port carries what nobody is to read. That spares a connection the wait until it is
   * known what it speaks; it takes nothing from an enforced policy.
   */
  readonly declaredOpaque: boolean;
  /** Nothing is decided here: what can't be read passes unread. */
  readonly observing: boolean;
  /** Whether somebody wants to know which traces requests belong to. */
  readonly traced: boolean;
  /** Another relay takes over, from the next byte on. */
  become(relay: Relay): void;
  /** Takes a finished exchange; the object is reused right after the call. */
  finish(exchange: Exchange, now: number): void;
  /** A fresh decision id, for answers that name one. */
  newId(): string;
}

export interface RelayLimits {
  /** A longer head is refused with 431. */
  readonly maxHeadBytes: number;
  /** A denied request's body up to this size is read and thrown away, so that the connection can go on. */
  readonly maxDiscardBytes: number;
  /** Of a request's body, while it is withheld until guards have seen it. */
  readonly maxHeldBytes: number;
}

/**
 * One connection's protocol, as a state machine: bytes and ends in, calls on the `Wire` out. `now` is monotonic
 * milliseconds.
 */
export interface Relay {
  fromCaller(bytes: Uint8Array, start: number, end: number, now: number): void;
  fromUpstream(bytes: Uint8Array, start: number, end: number, now: number): void;
  callerEnded(now: number): void;
  upstreamEnded(now: number): void;
  /**
   * Both sides are gone or going: finish what is open with this outcome. A write that meets a reset calls it from within
   * itself, so it may come in the middle of a step: nothing that has come is worked off after it. Half a head is no exchange,
   * unless it is ended for what it takes: nothing else would tell.
   */
  abandon(outcome: Exchange['outcome'], now: number): void;
  /** A deadline of the caller has passed. */
  expire(now: number): void;
  /**
   * Ends a request whose body has not grown by `UPLOAD_STEP` for `limitMs` while no response to it is under way; with null,
   * the caller can't send. Asked every now and then.
   */
  checkUploads(now: number, limitMs: number | null): void;
  /** Policies, Services or the caller's identity have changed: ends what may not go on unread. */
  reconsider(now: number): void;
  /** This process is about to go: asks the caller to leave, where the protocol has words for it. */
  drain(now: number): void;
  /** When the first byte of a still incomplete head arrived; 0 when none is. */
  readonly headSince: number;
  /** When the oldest request came that is withheld until guards have seen its body; 0 when none is. */
  readonly withheldSince: number;
  /** Withholds nothing any longer that came at or before `since`: what guards have seen has to do. */
  letGo(since: number, now: number): void;
  /** No exchange is under way. */
  readonly idle: boolean;
  /** Memory that grows with what the two ends do, about: what waits here, and what is kept of each stream. */
  readonly heldBytes: number;
}
