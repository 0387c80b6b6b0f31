import type { Decision, Operation } from '@eastwall/policy';
import type { HostUnknown, Outcome, Protocol } from '../record/record.ts';
import { type Refusal, type RequestView, UNWATCHED, type Watch } from './watch.ts';
import type { RelayContext } from './wire.ts';

export const UNGOVERNED: Decision = Object.freeze({
  verdict: 'allow',
  reason: 'ungoverned',
  policy: null,
  rule: null,
});

/**
 * What becomes a flow record, filled in as the exchange goes on. One object serves a whole connection.
 * INVARIANT: `open` is true from `begin` to the one call of `conclude`, so each exchange is recorded once.
 */
export class Exchange {
  readonly watch: Watch;
  /** Guards have been told of the request, and not of its end. */
  private watched = false;
  protocol: Protocol = 'unknown';
  open = false;
  id = '';
  method = '';
  host = '';
  path = '';
  status = 0;
  /** -1 when there is none. */
  grpcStatus = -1;
  decision: Decision = UNGOVERNED;
  outcome: Outcome = 'ok';
  /** Why it was refused, where that is not the decision: the name of a fault. */
  fault = '';
  /** Why a TLS connection has no host; empty when it has, or is none. */
  hostUnknown: HostUnknown | '' = '';
  /** Nobody looked at what it speaks, or nobody was meant to. */
  declaredOpaque = false;
  /** As its caller sent it; only read where somebody wants to know. */
  traceparent = '';
  /** What a guard took the request for, when it began. */
  operation: Operation | null = null;
  /** Hash of the form of the response's document, where a guard has read it; else 0. */
  shape = 0;
  /** What the request's body says is called, where one path serves many operations and a guard has read it. */
  operationName = '';
  /** Monotonic milliseconds. */
  startedAt = 0;
  bytesSent = 0;
  bytesReceived = 0;

  constructor(watch: Watch = UNWATCHED) {
    this.watch = watch;
  }

  begin(protocol: Protocol, now: number): void {
    this.protocol = protocol;
    this.open = true;
    this.id = '';
    this.method = '';
    this.host = '';
    this.path = '';
    this.status = 0;
    this.grpcStatus = -1;
    this.decision = UNGOVERNED;
    this.outcome = 'ok';
    this.fault = '';
    this.hostUnknown = '';
    this.declaredOpaque = false;
    this.traceparent = '';
    this.operation = null;
    this.shape = 0;
    this.operationName = '';
    this.startedAt = now;
    this.bytesSent = 0;
    this.bytesReceived = 0;
  }

  /** Asks the guards about a request that policy lets pass; null lets it go on. */
  ask(view: RequestView, now: number): Refusal | null {
    this.watched = true;
    return this.heed(this.watch.request(view, this.decision, now));
  }

  /** Asks the guards about a connection that policy lets pass unread; afterwards `decision` is what counts. */
  askUnread(now: number): void {
    this.watched = true;
    this.decision = this.watch.unread(this.decision, now) ?? this.decision;
  }

  /** Tells the guards that they have seen what they get of the request's body; null lets it go on. */
  askAgain(complete: boolean, now: number): Refusal | null {
    return this.heed(this.watch.requestBodyEnd(complete, now));
  }

  /** Closes the exchange and hands it over; the object may be used for the next one. */
  conclude(context: RelayContext, now: number): void {
    this.open = false;
    if (this.watched) this.watch.end(this, now);
    this.watched = false;
    context.finish(this, now);
  }

  /** A refusal is what is recorded; only `deny` is one in earnest. */
  private heed(refusal: Refusal | null): Refusal | null {
    if (refusal === null) return null;
    this.decision = refusal.decision;
    return refusal.decision.verdict === 'deny' ? refusal : null;
  }
}
