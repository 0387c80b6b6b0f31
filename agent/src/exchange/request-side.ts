import { BodyReader } from '../http/body.ts';
import { CR, LF } from '../http/chars.ts';
import type { ContentSink } from '../http/chunked.ts';
import { type Fault, faultOf, NEED_MORE } from '../http/fault.ts';
import { frameRequest } from '../http/framing.ts';
import { PartialHead } from '../http/partial-head.ts';
import { RequestHead, readRequestHead } from '../http/request-head.ts';
import { HeldBytes } from '../kernel/held-bytes.ts';
import type { Reading } from './watch.ts';
import type { Relay, RelayContext, RelayLimits, Wire } from './wire.ts';

/** In a head or before one; withheld until its body was seen; in a body; until its response is complete; throwing a denied body away. */
type State = 'head' | 'withheld' | 'body' | 'wait' | 'discard' | 'closed';

/** What the relay makes of the caller's side. */
export interface RequestEvents {
  /** A whole head: judge it. Null when it was answered instead of allowed, else what is wanted of its body. */
  requestHead(bytes: Uint8Array, now: number): Reading | null;
  /** Content of the body, if wanted. True when that was enough. */
  requestContent(bytes: Uint8Array, start: number, end: number): boolean;
  /** No more of the content is to be shown; `complete` when that was all. */
  requestRead(complete: boolean, now: number): void;
  /** The same of a request that was withheld until now. False when it was answered instead of allowed. */
  withheldRead(complete: boolean, now: number): boolean;
  /** The caller wants to hear that it may send the body, and upstream can't say so: it has not got the head. */
  continueRequest(): void;
  requestBytes(count: number): void;
  /** The last byte of an allowed request has gone upstream. */
  requestComplete(now: number): void;
  /** Who carries on with what can't be followed any more; null where it has been answered. */
  malformedRequest(fault: Fault, now: number): Relay | null;
}

/**
 * The caller's direction of an HTTP/1.1 connection: finds the requests, one at a time, and sends the allowed ones on.
 *
 * INVARIANT: no byte of a request goes upstream before its whole head was read and allowed.
 */
export class RequestSide implements ContentSink {
  readonly head = new RequestHead();
  /** When the first byte of a still incomplete head arrived; 0 when none is. */
  headSince = 0;
  /** FIN has come. */
  finished = false;
  private state: State = 'head';
  /** Of an empty line before a request: none may come, one may, its CR has. */
  private emptyLine: 'none' | 'may-come' | 'cr' = 'may-come';
  /** Much came ahead of its turn, and no more is read until it comes. */
  private holding = false;
  private held: PartialHead | null = null;
  /** When the request that is withheld came; 0 when none is. */
  withheldSince = 0;
  private withheld: HeldBytes | null = null;
  private maxWithheld = 0;
  private reading: Reading = 'nothing';
  private seenEnough = false;
  private readonly body: BodyReader;
  private readonly wire: Wire;
  private readonly observing: boolean;
  private readonly limits: RelayLimits;
  private readonly events: RequestEvents;

  constructor(context: Pick<RelayContext, 'wire' | 'limits' | 'observing'>, events: RequestEvents) {
    this.wire = context.wire;
    this.limits = context.limits;
    this.observing = context.observing;
    this.events = events;
    this.body = new BodyReader(context.limits.maxHeadBytes);
  }

  /** Some of a request's body is still to come, be it only to be thrown away. */
  get inBody(): boolean {
    return this.state === 'body' || this.state === 'discard' || this.state === 'withheld';
  }

  /** The request whose head was read last has a body. */
  get hasBody(): boolean {
    return !this.body.done;
  }

  /** The request is out and its response is due. */
  get waiting(): boolean {
    return this.state === 'wait';
  }

  get heldBytes(): number {
    return (this.held?.memoryBytes ?? 0) + (this.withheld?.memoryBytes ?? 0);
  }

  read(bytes: Uint8Array, start: number, end: number, now: number): void {
    if (this.state === 'closed') return;
    if (this.held === null || this.held.length === 0) this.work(bytes, start, end, now);
    else this.readOn(this.held, bytes, start, end, now);
  }

  /** FIN: carried over once nothing of the caller's is left to send. */
  end(now: number): void {
    this.finished = true;
    if (this.state === 'closed') return;
    if (this.state === 'withheld') this.fail('truncated', EMPTY, 0, 0, now);
    else if (this.held === null || this.held.length === 0) this.wire.finishUpstream();
    else if (this.state === 'head') this.fail('truncated', EMPTY, 0, 0, now);
  }

  /** The response is complete: the next request may come, or has been waiting. */
  next(now: number): void {
    this.state = 'head';
    const bytes = this.release();
    if (bytes.length === 0) return;
    this.work(bytes, 0, bytes.length, now);
    if (this.finished) this.end(now);
  }

  /** From here on the caller speaks another protocol, to another relay: it gets what has come ahead of its turn, and FIN. */
  handOver(relay: Relay, now: number): void {
    this.state = 'closed';
    const bytes = this.release();
    if (bytes.length > 0) relay.fromCaller(bytes, 0, bytes.length, now);
    if (this.finished) relay.callerEnded(now);
  }

  /** The request was answered here; what is left of its body is thrown away. */
  discard(): void {
    this.state = this.body.done ? 'head' : 'discard';
    this.stopReading();
  }

  /** What has come and what comes is thrown away; reading goes on, so that the caller's FIN is seen. */
  close(): void {
    this.state = 'closed';
    this.headSince = 0;
    this.stopReading();
    this.withheld?.take();
    this.release();
  }

  /** Whether the rest of a denied request is cheap enough to throw away, so that the connection can go on. */
  get discardable(): boolean {
    const { head } = this;
    if (head.method === 'CONNECT') return false;
    if (this.body.done) return true;
    if (head.expectContinue || head.chunked) return false;
    return head.contentLength <= this.limits.maxDiscardBytes;
  }

  /** Works off a run of bytes, as far as the current exchange allows. */
  private work(bytes: Uint8Array, start: number, end: number, now: number): void {
    let pos = start;
    while (pos < end) {
      switch (this.state) {
        case 'head':
          pos = this.readHead(bytes, pos, end, now);
          break;
        case 'withheld':
          pos = this.withhold(bytes, pos, end, now);
          break;
        case 'body':
          pos = this.forwardBody(bytes, pos, end, now);
          break;
        case 'discard':
          pos = this.discardBody(bytes, pos, end);
          break;
        case 'wait':
          this.holdBack(this.hold(bytes, pos, end));
          return;
        case 'closed':
          return;
      }
    }
  }

  /** A whole head, with what has come of its body, or bytes put aside until there is one. Returns the offset reached. */
  private readHead(bytes: Uint8Array, start: number, end: number, now: number): number {
    if (this.emptyLine !== 'none') {
      const next = this.passEmptyLine(bytes, start, end, now);
      if (next !== start) return next;
    }
    const headEnd = readRequestHead(bytes, start, end, this.head);
    if (headEnd === NEED_MORE) {
      this.isWhole(this.hold(bytes, start, end), now);
      return end;
    }
    if (headEnd < 0) return this.fail(faultOf(headEnd), bytes, start, end, now);
    if (headEnd - start > this.limits.maxHeadBytes)
      return this.fail('head_too_large', bytes, start, end, now);
    frameRequest(this.body, this.head);
    this.emptyLine = 'may-come';
    const reading = this.events.requestHead(bytes, now);
    this.headSince = 0;
    if (reading === null) return headEnd;
    if (reading !== 'nothing') this.startReading(reading);
    if (reading !== 'whole') return this.forwardHead(bytes, start, headEnd, end, now);
    this.withholdHead(bytes, start, headEnd, now);
    return headEnd;
  }

  /**
   * Old clients put CRLF behind a body, and servers ignore it (RFC 9112 §2.2). One per request, so that nobody keeps a
   * connection busy with them. By bytes, so that it does not matter how they come. They stay here, as with HAProxy and nginx: a
   * server that answers one would have each answer after that taken for the one to another request.
   */
  private passEmptyLine(bytes: Uint8Array, start: number, end: number, now: number): number {
    const expected = this.emptyLine === 'cr' ? LF : CR;
    if (bytes[start] === expected) {
      this.emptyLine = expected === CR ? 'cr' : 'none';
      if (this.observing) this.wire.toUpstream(bytes, start, start + 1);
      return start + 1;
    }
    this.emptyLine = 'none';
    return expected === CR ? start : this.fail('bare_cr', bytes, start, end, now);
  }

  /** Head and body leave in one write when they came in one read. */
  private forwardHead(bytes: Uint8Array, start: number, headEnd: number, end: number, now: number): number {
    const reached = this.body.read(bytes, headEnd, end);
    if (reached < 0) return this.fail(faultOf(reached), bytes, start, end, now);
    this.state = this.body.done ? 'wait' : 'body';
    this.forward(bytes, start, reached);
    if (this.reading !== 'nothing') this.checkReading(now);
    if (this.body.done) this.events.requestComplete(now);
    return reached;
  }

  private forwardBody(bytes: Uint8Array, start: number, end: number, now: number): number {
    const reached = this.body.read(bytes, start, end);
    if (reached < 0) return this.fail(faultOf(reached), bytes, start, end, now);
    this.forward(bytes, start, reached);
    if (this.reading !== 'nothing') this.checkReading(now);
    if (this.body.done) {
      this.state = 'wait';
      this.events.requestComplete(now);
    }
    return reached;
  }

  /** Head and body stay here until the body was seen. */
  private withholdHead(bytes: Uint8Array, start: number, headEnd: number, now: number): void {
    this.state = 'withheld';
    this.withheldSince = now;
    this.withheld ??= new HeldBytes();
    this.withheld.append(bytes, start, headEnd);
    this.maxWithheld = headEnd - start + this.limits.maxHeldBytes;
    this.events.requestBytes(headEnd - start);
    if (this.head.expectContinue && this.head.minor === 1) this.events.continueRequest();
  }

  private withhold(bytes: Uint8Array, start: number, end: number, now: number): number {
    const { withheld } = this;
    if (withheld === null) return end;
    const room = this.maxWithheld - withheld.length;
    const reached = this.body.read(bytes, start, Math.min(end, start + room));
    if (reached < 0) return this.fail(faultOf(reached), bytes, start, end, now);
    withheld.append(bytes, start, reached);
    this.events.requestBytes(reached - start);
    if (this.body.done || this.seenEnough || reached - start === room) this.letGo(now);
    return reached;
  }

  /** Sends on what was withheld, complete or not, unless it is refused even now. */
  letGo(now: number): void {
    if (this.state !== 'withheld') return;
    const complete = this.body.done && !this.seenEnough;
    const bytes = this.withheld?.take() ?? EMPTY;
    this.state = this.body.done ? 'wait' : 'body';
    this.stopReading();
    if (!this.events.withheldRead(complete, now)) return;
    this.wire.toUpstream(bytes, 0, bytes.length);
    if (this.body.done) this.events.requestComplete(now);
  }

  /** `ContentSink`. */
  content(bytes: Uint8Array, start: number, end: number): void {
    if (!this.events.requestContent(bytes, start, end)) return;
    this.seenEnough = true;
    this.body.show(null);
  }

  private startReading(reading: Reading): void {
    this.reading = reading;
    this.seenEnough = false;
    this.body.show(this);
  }

  private stopReading(): void {
    this.reading = 'nothing';
    this.withheldSince = 0;
    this.body.show(null);
  }

  /** Content that is read as it passes. */
  private checkReading(now: number): void {
    if (!this.body.done && !this.seenEnough) return;
    this.stopReading();
    this.events.requestRead(!this.seenEnough, now);
  }

  /** The exchange is recorded already, so a malformed rest can only end the connection. */
  private discardBody(bytes: Uint8Array, start: number, end: number): number {
    const reached = this.body.read(bytes, start, end);
    if (reached < 0) {
      this.wire.abort();
      this.close();
      return end;
    }
    if (this.body.done) this.state = 'head';
    return reached;
  }

  private forward(bytes: Uint8Array, start: number, end: number): void {
    this.events.requestBytes(end - start);
    this.wire.toUpstream(bytes, start, end);
  }

  /** From `start` on nothing has been sent on. */
  private fail(fault: Fault, bytes: Uint8Array, start: number, end: number, now: number): number {
    const next = this.events.malformedRequest(fault, now);
    if (next === null) return end;
    if (start < end) next.fromCaller(bytes, start, end, now);
    this.handOver(next, now);
    return end;
  }

  /** Reading goes on until there is more than a head: only so does the caller's end show while its request waits. */
  private holdBack(held: PartialHead): void {
    if (this.holding || held.length <= this.limits.maxHeadBytes) return;
    this.holding = true;
    this.wire.holdCaller();
  }

  /** What was held; more may come. */
  private release(): Uint8Array {
    if (this.holding) this.wire.resumeCaller();
    this.holding = false;
    return this.held?.take() ?? EMPTY;
  }

  private hold(bytes: Uint8Array, start: number, end: number): PartialHead {
    this.held ??= new PartialHead();
    this.held.append(bytes, start, end);
    return this.held;
  }

  /** More of a head that was incomplete, or more that has to wait: read a head once its end is there, and only then. */
  private readOn(held: PartialHead, bytes: Uint8Array, start: number, end: number, now: number): void {
    held.append(bytes, start, end);
    if (this.state !== 'head') {
      this.holdBack(held);
      return;
    }
    if (!this.isWhole(held, now)) return;
    const all = held.take();
    this.work(all, 0, all.length, now);
  }

  private isWhole(held: PartialHead, now: number): boolean {
    if (this.headSince === 0) this.headSince = now;
    const found = held.find(this.limits.maxHeadBytes);
    if (found < NEED_MORE) this.fail(faultOf(found), EMPTY, 0, 0, now);
    return found >= 0;
  }
}

const EMPTY = new Uint8Array(0);
