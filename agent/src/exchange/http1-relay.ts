import { type AnswerStatus, answerBytes } from '../http/answer.ts';
import { BodyReader } from '../http/body.ts';
import { FAULTS, type Fault, faultOf, NEED_MORE } from '../http/fault.ts';
import { PartialHead } from '../http/partial-head.ts';
import { RequestHead, readRequestHead } from '../http/request-head.ts';
import { ResponseHead, readResponseHead } from '../http/response-head.ts';
import { ascii } from '../kernel/bytes.ts';
import { Exchange } from './exchange.ts';
import { explainAnswer } from './explain-answer.ts';
import type { Relay, RelayContext } from './wire.ts';

/** The caller's side: between requests or in a head, in a body, waiting for the response, throwing a denied body away. */
type CallerState = 'head' | 'body' | 'wait' | 'discard' | 'tunnel' | 'closed';
/** Upstream's side: nothing due, a response head due or begun, in a body. */
type UpstreamState = 'idle' | 'head' | 'body' | 'tunnel' | 'closed';

/**
 * Follows HTTP/1.1 in both directions, judges each request head, and forwards the very bytes it judged.
 *
 * INVARIANT: one exchange at a time. Pipelined requests wait until the response before them is complete, so that a
 * denial's answer takes its turn, a 101 or CONNECT can't turn judged requests into unjudged ones, and a response
 * always belongs to the request that was recorded with it.
 * INVARIANT: no byte of a request goes upstream before its whole head was read and allowed.
 */
export class Http1Relay implements Relay {
  headSince = 0;
  private caller: CallerState = 'head';
  private upstream: UpstreamState = 'idle';
  private callerFinished = false;
  private readonly request = new RequestHead();
  private readonly response = new ResponseHead();
  private readonly requestBody: BodyReader;
  private readonly responseBody: BodyReader;
  private heldFromCaller: PartialHead | null = null;
  private heldFromUpstream: PartialHead | null = null;
  private readonly exchange = new Exchange();
  private readonly context: RelayContext;

  constructor(context: RelayContext) {
    this.context = context;
    this.requestBody = new BodyReader(context.limits.maxHeadBytes);
    this.responseBody = new BodyReader(context.limits.maxHeadBytes);
  }

  get idle(): boolean {
    return !this.exchange.open && this.headSince === 0;
  }

  fromCaller(bytes: Uint8Array, start: number, end: number, now: number): void {
    if (this.caller === 'closed') return;
    const held = this.heldFromCaller;
    if (held === null || held.length === 0) {
      this.readCaller(bytes, start, end, now);
      return;
    }
    held.append(bytes, start, end);
    if (this.caller === 'head') this.retryHead(held, now);
  }

  fromUpstream(bytes: Uint8Array, start: number, end: number, now: number): void {
    if (this.upstream === 'closed') return;
    const held = this.heldFromUpstream;
    if (held === null || held.length === 0) {
      this.readUpstream(bytes, start, end, now);
      return;
    }
    held.append(bytes, start, end);
    if (!this.hasWholeResponseHead(held, now)) return;
    const all = held.take();
    this.readUpstream(all, 0, all.length, now);
  }

  callerEnded(now: number): void {
    this.callerFinished = true;
    if (this.caller === 'closed') return;
    const held = this.heldFromCaller?.length ?? 0;
    if (held === 0) this.context.wire.finishUpstream();
    else if (this.caller === 'head') this.refuseMalformed('truncated', now);
  }

  upstreamEnded(now: number): void {
    const inHead = this.upstream === 'head' && (this.heldFromUpstream?.length ?? 0) > 0;
    if (inHead) {
      this.failResponse('truncated', now);
      return;
    }
    if (this.upstream === 'tunnel') {
      this.context.wire.finishCaller();
      return;
    }
    const complete =
      this.upstream === 'idle' || (this.upstream === 'body' && this.responseBody.endsWithConnection);
    this.upstream = 'closed';
    this.caller = 'closed';
    this.abandon(complete ? 'ok' : 'upstream_reset', now);
    this.context.wire.finishCaller();
    this.context.wire.finishUpstream();
  }

  abandon(outcome: Exchange['outcome'], now: number): void {
    if (!this.exchange.open) return;
    this.exchange.outcome = outcome;
    this.finishExchange(now);
  }

  expire(now: number): void {
    if (this.headSince === 0) {
      this.abandon('timeout', now);
      this.context.wire.abort();
      return;
    }
    this.beginExchange(now);
    this.exchange.outcome = 'timeout';
    this.answerAndClose(408, { detail: 'the request head did not arrive in time' }, now);
  }

  /** Works off a run of the caller's bytes, as far as the current exchange allows. */
  private readCaller(bytes: Uint8Array, start: number, end: number, now: number): void {
    let pos = start;
    while (pos < end) {
      switch (this.caller) {
        case 'head':
          pos = this.readRequest(bytes, pos, end, now);
          break;
        case 'body':
          pos = this.relayRequestBody(bytes, pos, end, now);
          break;
        case 'discard':
          pos = this.discardRequestBody(bytes, pos, end, now);
          break;
        case 'wait':
          this.holdCallerBytes(bytes, pos, end);
          this.context.wire.holdCaller();
          return;
        case 'tunnel':
          this.exchange.bytesSent += end - pos;
          this.context.wire.toUpstream(bytes, pos, end);
          return;
        case 'closed':
          return;
      }
    }
  }

  /** A whole head, with what has come of its body, or bytes put aside until there is one. Returns the offset reached. */
  private readRequest(bytes: Uint8Array, start: number, end: number, now: number): number {
    const headEnd = readRequestHead(bytes, start, end, this.request);
    if (headEnd === NEED_MORE) {
      this.hasWholeRequestHead(this.holdCallerBytes(bytes, start, end), now);
      return end;
    }
    if (headEnd < 0) {
      this.refuseMalformed(faultOf(headEnd), now);
      return end;
    }
    if (headEnd - start > this.context.limits.maxHeadBytes) {
      this.refuseMalformed('head_too_large', now);
      return end;
    }
    this.headSince = 0;
    this.beginRequest(bytes, now);
    return this.exchange.decision.verdict === 'deny'
      ? this.deny(headEnd, now)
      : this.forwardRequest(bytes, start, headEnd, end, now);
  }

  private beginRequest(bytes: Uint8Array, now: number): void {
    const { request, exchange } = this;
    this.beginExchange(now);
    exchange.method = request.method;
    exchange.path = request.path;
    exchange.host = ascii(bytes, request.hostStart, request.hostEnd);
    exchange.decision = this.context.judge(request.method, request.path);
    if (request.chunked) this.requestBody.chunked();
    else if (request.contentLength > 0) this.requestBody.length(request.contentLength);
    else this.requestBody.none();
  }

  private beginExchange(now: number): void {
    this.exchange.begin('http1', this.headSince === 0 ? now : this.headSince);
  }

  private forwardRequest(
    bytes: Uint8Array,
    start: number,
    headEnd: number,
    end: number,
    now: number,
  ): number {
    const reached = this.requestBody.read(bytes, headEnd, end);
    if (reached < 0) {
      this.refuseMalformed(faultOf(reached), now);
      return end;
    }
    this.upstream = 'head';
    this.caller = this.requestBody.done ? 'wait' : 'body';
    this.exchange.bytesSent += reached - start;
    this.context.wire.toUpstream(bytes, start, reached);
    return reached;
  }

  private relayRequestBody(bytes: Uint8Array, start: number, end: number, now: number): number {
    const reached = this.requestBody.read(bytes, start, end);
    if (reached < 0) {
      this.refuseMalformed(faultOf(reached), now);
      return end;
    }
    this.exchange.bytesSent += reached - start;
    this.context.wire.toUpstream(bytes, start, reached);
    if (this.requestBody.done) this.requestComplete(now);
    return reached;
  }

  /** The response may already be complete: servers do answer before they have read the whole request. */
  private requestComplete(now: number): void {
    this.caller = 'wait';
    if (this.upstream === 'idle') this.finishExchange(now);
  }

  private discardRequestBody(bytes: Uint8Array, start: number, end: number, now: number): number {
    const reached = this.requestBody.read(bytes, start, end);
    if (reached < 0) {
      this.context.wire.abort();
      this.caller = 'closed';
      return end;
    }
    if (this.requestBody.done) this.nextRequest(now);
    return reached;
  }

  /** Answers a denied request; the connection goes on when the rest of the request is cheap to throw away. */
  private deny(headEnd: number, now: number): number {
    const { exchange, request } = this;
    exchange.outcome = 'denied';
    exchange.id = this.context.newId();
    const status = exchange.decision.reason === 'ambiguous_path' ? 400 : 403;
    if (!this.canDiscardBody()) {
      this.answerAndClose(status, explainAnswer(exchange.decision), now);
      return headEnd;
    }
    this.answer(status, explainAnswer(exchange.decision), request.close || request.minor === 0);
    this.caller = 'discard';
    this.recordExchange(now);
    if (request.close || request.minor === 0) this.closeAfterAnswer();
    else if (this.requestBody.done) this.caller = 'head';
    return headEnd;
  }

  private canDiscardBody(): boolean {
    const { request } = this;
    if (request.expectContinue || request.chunked || request.method === 'CONNECT') return false;
    return request.contentLength <= this.context.limits.maxDiscardBytes;
  }

  private refuseMalformed(fault: Fault, now: number): void {
    const begun = this.exchange.open;
    if (!begun) this.beginExchange(now);
    this.exchange.outcome = 'malformed_request';
    this.exchange.fault = fault;
    this.headSince = 0;
    if (begun && this.upstream !== 'head') {
      this.context.wire.abort();
      this.close(now);
      return;
    }
    const status = fault === 'head_too_large' ? 431 : 400;
    this.answerAndClose(status, { reason: 'malformed_request', fault, detail: FAULTS[fault] }, now);
  }

  /** Works off a run of upstream's bytes. */
  private readUpstream(bytes: Uint8Array, start: number, end: number, now: number): void {
    let pos = start;
    while (pos < end) {
      switch (this.upstream) {
        case 'head':
          pos = this.readResponse(bytes, pos, end, now);
          break;
        case 'body':
          pos = this.relayResponseBody(bytes, pos, end, now);
          break;
        case 'tunnel':
          this.exchange.bytesReceived += end - pos;
          this.context.wire.toCaller(bytes, pos, end);
          return;
        case 'idle':
          this.refuseUnsolicited(now);
          return;
        case 'closed':
          return;
      }
    }
  }

  private readResponse(bytes: Uint8Array, start: number, end: number, now: number): number {
    const headEnd = readResponseHead(bytes, start, end, this.response);
    if (headEnd === NEED_MORE) {
      this.heldFromUpstream ??= new PartialHead();
      this.heldFromUpstream.append(bytes, start, end);
      this.hasWholeResponseHead(this.heldFromUpstream, now);
      return end;
    }
    if (headEnd < 0) {
      this.failResponse(faultOf(headEnd), now);
      return end;
    }
    const { status } = this.response;
    if (status < 200 && status !== 101) {
      this.toCaller(bytes, start, headEnd);
      return headEnd;
    }
    this.exchange.status = status;
    return this.startsTunnel(status)
      ? this.openTunnel(bytes, start, headEnd, now)
      : this.forwardResponse(bytes, start, headEnd, end, now);
  }

  private startsTunnel(status: number): boolean {
    return status === 101 || (this.request.method === 'CONNECT' && status < 300);
  }

  /** From here on the bytes are another protocol's; what the caller has sent ahead goes first. */
  private openTunnel(bytes: Uint8Array, start: number, headEnd: number, now: number): number {
    if (this.response.status === 101 && !this.request.upgrade) {
      this.failResponse('bad_upgrade', now);
      return headEnd;
    }
    this.upstream = 'tunnel';
    this.toCaller(bytes, start, headEnd);
    if (this.caller === 'wait') {
      this.caller = 'tunnel';
      this.releaseHeld(now);
    } else this.caller = 'tunnel';
    return headEnd;
  }

  private forwardResponse(
    bytes: Uint8Array,
    start: number,
    headEnd: number,
    end: number,
    now: number,
  ): number {
    this.frameResponse();
    const reached = this.responseBody.read(bytes, headEnd, end);
    if (reached < 0) {
      this.failResponse(faultOf(reached), now);
      return end;
    }
    this.upstream = 'body';
    this.toCaller(bytes, start, reached);
    if (this.responseBody.done) this.responseComplete(now);
    return reached;
  }

  /** RFC 9112 §6.3. */
  private frameResponse(): void {
    const { response, responseBody } = this;
    if (this.request.method === 'HEAD' || response.status === 204 || response.status === 304)
      responseBody.none();
    else if (response.chunked) responseBody.chunked();
    else if (response.contentLength >= 0) responseBody.length(response.contentLength);
    else responseBody.untilClose();
  }

  private relayResponseBody(bytes: Uint8Array, start: number, end: number, now: number): number {
    const reached = this.responseBody.read(bytes, start, end);
    if (reached < 0) {
      this.failResponse(faultOf(reached), now);
      return end;
    }
    this.toCaller(bytes, start, reached);
    if (this.responseBody.done) this.responseComplete(now);
    return reached;
  }

  private toCaller(bytes: Uint8Array, start: number, end: number): void {
    this.exchange.bytesReceived += end - start;
    this.context.wire.toCaller(bytes, start, end);
  }

  private responseComplete(now: number): void {
    this.upstream = 'idle';
    if (this.caller === 'wait') this.finishExchange(now);
  }

  /** A malformed response: a 502 in its place while none of it has gone out, otherwise a broken connection. */
  private failResponse(fault: Fault, now: number): void {
    const begun = this.upstream === 'body' || this.upstream === 'tunnel';
    this.exchange.outcome = 'malformed_response';
    this.exchange.fault = fault;
    if (begun) {
      this.context.wire.abort();
      this.close(now);
      return;
    }
    this.answerAndClose(502, { reason: 'malformed_response', fault, detail: FAULTS[fault] }, now);
  }

  /**
   * Bytes while no request is open would be read by the caller as the answer to its next request. Servers that
   * time out an idle connection may send a 408 here: closing says the same.
   */
  private refuseUnsolicited(now: number): void {
    this.context.wire.dropUpstream();
    this.context.wire.finishCaller();
    this.close(now);
  }

  private finishExchange(now: number): void {
    this.recordExchange(now);
    if (this.caller === 'wait') this.nextRequest(now);
  }

  private recordExchange(now: number): void {
    this.exchange.open = false;
    this.context.finish(this.exchange, now);
  }

  private nextRequest(now: number): void {
    this.caller = 'head';
    this.releaseHeld(now);
  }

  /** Takes up what the caller sent ahead of its turn. */
  private releaseHeld(now: number): void {
    const held = this.heldFromCaller;
    if (held === null || held.length === 0) return;
    const bytes = held.take();
    this.context.wire.resumeCaller();
    this.readCaller(bytes, 0, bytes.length, now);
    if (this.callerFinished) this.callerEnded(now);
  }

  private holdCallerBytes(bytes: Uint8Array, start: number, end: number): PartialHead {
    this.heldFromCaller ??= new PartialHead();
    this.heldFromCaller.append(bytes, start, end);
    return this.heldFromCaller;
  }

  /** More of a head that was incomplete: read it once its end is there, and only then. */
  private retryHead(held: PartialHead, now: number): void {
    if (!this.hasWholeRequestHead(held, now)) return;
    const bytes = held.take();
    this.readCaller(bytes, 0, bytes.length, now);
  }

  private hasWholeRequestHead(held: PartialHead, now: number): boolean {
    if (this.headSince === 0) this.headSince = now;
    const found = held.find(this.context.limits.maxHeadBytes);
    if (found < NEED_MORE) this.refuseMalformed(faultOf(found), now);
    return found >= 0;
  }

  private hasWholeResponseHead(held: PartialHead, now: number): boolean {
    const found = held.find(this.context.limits.maxHeadBytes);
    if (found < NEED_MORE) this.failResponse(faultOf(found), now);
    return found >= 0;
  }

  private answerAndClose(
    status: AnswerStatus,
    problem: Readonly<Record<string, string | null>>,
    now: number,
  ): void {
    if (this.exchange.id === '') this.exchange.id = this.context.newId();
    this.answer(status, problem, true);
    this.closeAfterAnswer();
    this.close(now);
  }

  private answer(
    status: AnswerStatus,
    problem: Readonly<Record<string, string | null>>,
    close: boolean,
  ): void {
    const { exchange } = this;
    exchange.status = status;
    const bodiless = exchange.method === 'HEAD';
    const bytes = answerBytes({ status, id: exchange.id, problem, bodiless, close });
    this.toCaller(bytes, 0, bytes.length);
  }

  private closeAfterAnswer(): void {
    this.context.wire.dropUpstream();
    this.context.wire.finishCaller();
    this.caller = 'closed';
    this.upstream = 'closed';
  }

  private close(now: number): void {
    this.caller = 'closed';
    this.upstream = 'closed';
    this.headSince = 0;
    if (this.exchange.open) this.recordExchange(now);
  }
}
