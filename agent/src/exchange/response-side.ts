import { BodyReader } from '../http/body.ts';
import type { ContentSink } from '../http/chunked.ts';
import { closingHead } from '../http/closing-head.ts';
import { type Fault, faultOf, NEED_MORE } from '../http/fault.ts';
import { frameResponse } from '../http/framing.ts';
import { onceGivenLength } from '../http/once-given-length.ts';
import { PartialHead } from '../http/partial-head.ts';
import type { RequestHead } from '../http/request-head.ts';
import { ResponseHead, readResponseHead } from '../http/response-head.ts';
import type { Relay, RelayLimits } from './wire.ts';

/** Nothing is due; a head is due or begun; in a body. */
type State = 'idle' | 'head' | 'body' | 'closed';

/** What the relay makes of upstream's side. */
export interface ResponseEvents {
  /** A final head. True when the content of the body is wanted. */
  responseHead(bytes: Uint8Array, now: number): boolean;
  responseContent(bytes: Uint8Array, start: number, end: number): void;
  responseBytes(bytes: Uint8Array, start: number, end: number): void;
  /** The bytes that a response ends with; `responseComplete` follows. */
  responseEnd(bytes: Uint8Array, start: number, end: number): void;
  responseComplete(now: number): void;
  /** The head of a 101, or of a 2xx to CONNECT: what comes from `headEnd` on is not HTTP/1.1. */
  switched(bytes: Uint8Array, start: number, headEnd: number, end: number, now: number): void;
  /** Who carries on with what can't be followed any more; null where the connection ends with it. */
  malformedResponse(fault: Fault, now: number): Relay | null;
  /** Bytes came while no response was due; the same. */
  unsolicited(now: number): Relay | null;
}

/** Upstream's direction of an HTTP/1.1 connection: finds where each response ends, and passes it on. */
export class ResponseSide implements ContentSink {
  readonly head = new ResponseHead();
  /** The next head is to say that the connection ends with its response. */
  closing = false;
  /** One has said so. */
  toldLast = false;
  /** The caller has been told to go on sending, so upstream's 100 would be one too many. */
  saidContinue = false;
  private state: State = 'idle';
  private held: PartialHead | null = null;
  private readonly body: BodyReader;
  private readonly request: RequestHead;
  private readonly limits: RelayLimits;
  private readonly events: ResponseEvents;

  constructor(request: RequestHead, limits: RelayLimits, events: ResponseEvents) {
    this.request = request;
    this.limits = limits;
    this.events = events;
    this.body = new BodyReader(limits.maxHeadBytes, true);
  }

  get idle(): boolean {
    return this.state === 'idle';
  }

  /** Its final head has reached the caller, but not its end: no other answer can take its place. */
  get begun(): boolean {
    return this.state === 'body';
  }

  /** Part of a head is here, held back. */
  get inHead(): boolean {
    return this.state === 'head' && this.held !== null && this.held.length > 0;
  }

  /** The connection may end now without cutting a response off (RFC 9112 §6.3, rule 8). */
  get mayEnd(): boolean {
    return this.state === 'idle' || (this.state === 'body' && this.body.endsWithConnection);
  }

  get heldBytes(): number {
    return this.held?.memoryBytes ?? 0;
  }

  /** `ContentSink`. */
  content(bytes: Uint8Array, start: number, end: number): void {
    this.events.responseContent(bytes, start, end);
  }

  expect(): void {
    this.state = 'head';
  }

  close(): void {
    this.state = 'closed';
  }

  /** From here on another relay passes on what upstream says; it gets what was held back. */
  handOver(relay: Relay, now: number): void {
    this.state = 'closed';
    const bytes = this.held?.take() ?? EMPTY;
    if (bytes.length > 0) relay.fromUpstream(bytes, 0, bytes.length, now);
  }

  /** FIN came in the middle of a head. */
  cutOff(now: number): void {
    const next = this.events.malformedResponse('truncated', now);
    if (next === null) return;
    this.handOver(next, now);
    next.upstreamEnded(now);
  }

  read(bytes: Uint8Array, start: number, end: number, now: number): void {
    if (this.state === 'closed') return;
    const { held } = this;
    if (held === null || held.length === 0) {
      this.work(bytes, start, end, now);
      return;
    }
    held.append(bytes, start, end);
    if (!this.isWhole(held, now)) return;
    const all = held.take();
    this.work(all, 0, all.length, now);
  }

  private work(bytes: Uint8Array, start: number, end: number, now: number): void {
    let pos = start;
    while (pos < end) {
      switch (this.state) {
        case 'head':
          pos = this.readHead(bytes, pos, end, now);
          break;
        case 'body':
          pos = this.passBody(bytes, pos, end, now);
          break;
        case 'idle':
          this.passOn(this.events.unsolicited(now), bytes, pos, end, now);
          return;
        case 'closed':
          return;
      }
    }
  }

  private readHead(bytes: Uint8Array, start: number, end: number, now: number): number {
    const headEnd = readResponseHead(bytes, start, end, this.head);
    if (headEnd === NEED_MORE) {
      this.held ??= new PartialHead();
      this.held.append(bytes, start, end);
      this.isWhole(this.held, now);
      return end;
    }
    if (headEnd < 0) return this.fail(faultOf(headEnd), bytes, start, end, now);
    if (headEnd - start > this.limits.maxHeadBytes)
      return this.fail('head_too_large', bytes, start, end, now);
    const { status } = this.head;
    if (this.head.lengthRepeated && (status < 200 || this.startsTunnel(status)))
      return this.fail('repeated_content_length', bytes, start, end, now);
    if (status < 200 && status !== 101) {
      if (status === 100 && this.saidContinue) this.saidContinue = false;
      else this.events.responseBytes(bytes, start, headEnd);
      return headEnd;
    }
    this.saidContinue = false;
    const wanted = this.events.responseHead(bytes, now);
    if (this.startsTunnel(status)) return this.switch(bytes, start, headEnd, end, now);
    frameResponse(this.body, this.head, this.request.method);
    this.body.show(wanted ? this : null);
    return this.passHead(bytes, start, headEnd, end, now);
  }

  private startsTunnel(status: number): boolean {
    return status === 101 || (this.request.method === 'CONNECT' && status < 300);
  }

  private switch(bytes: Uint8Array, start: number, headEnd: number, end: number, now: number): number {
    if (this.head.status === 101 && !this.request.upgrade)
      return this.fail('bad_upgrade', bytes, start, end, now);
    this.events.switched(bytes, start, headEnd, end, now);
    this.state = 'closed';
    return end;
  }

  /** Head and body leave in one write when they came in one read. */
  private passHead(bytes: Uint8Array, start: number, headEnd: number, end: number, now: number): number {
    const reached = this.body.read(bytes, headEnd, end);
    if (reached < 0) return this.fail(faultOf(reached), bytes, start, end, now);
    this.state = 'body';
    const head = this.rewritten(bytes, start, headEnd);
    if (head === null) return this.pass(bytes, start, reached, end, now);
    this.events.responseBytes(head, 0, head.length);
    return this.pass(bytes, headEnd, reached, end, now);
  }

  /** Null where a head goes on as it came. */
  private rewritten(bytes: Uint8Array, start: number, headEnd: number): Uint8Array | null {
    const once = this.head.lengthRepeated ? onceGivenLength(bytes, start, headEnd) : null;
    if (!this.closing || this.head.close) return once;
    this.toldLast = true;
    return once === null ? closingHead(bytes, start, headEnd) : closingHead(once, 0, once.length);
  }

  private passBody(bytes: Uint8Array, start: number, end: number, now: number): number {
    const reached = this.body.read(bytes, start, end);
    if (reached < 0) return this.fail(faultOf(reached), bytes, start, end, now);
    return this.pass(bytes, start, reached, end, now);
  }

  /**
   * Passes a response up to `reached`. Bytes beyond its end came before the next request went up, so they can't be the
   * answer to it, whatever they look like.
   */
  private pass(bytes: Uint8Array, start: number, reached: number, end: number, now: number): number {
    const complete = this.body.done && reached === end;
    if (complete) this.events.responseEnd(bytes, start, reached);
    else this.events.responseBytes(bytes, start, reached);
    if (!this.body.done) return end;
    this.state = 'idle';
    if (complete) this.events.responseComplete(now);
    else this.passOn(this.events.unsolicited(now), bytes, reached, end, now);
    return end;
  }

  /** From `start` on nothing has been sent on. */
  private fail(fault: Fault, bytes: Uint8Array, start: number, end: number, now: number): number {
    this.passOn(this.events.malformedResponse(fault, now), bytes, start, end, now);
    return end;
  }

  private passOn(next: Relay | null, bytes: Uint8Array, start: number, end: number, now: number): void {
    if (next === null) return;
    if (start < end) next.fromUpstream(bytes, start, end, now);
    this.handOver(next, now);
  }

  private isWhole(held: PartialHead, now: number): boolean {
    const found = held.find(this.limits.maxHeadBytes);
    if (found < NEED_MORE) this.fail(faultOf(found), EMPTY, 0, 0, now);
    return found >= 0;
  }
}

const EMPTY = new Uint8Array(0);
