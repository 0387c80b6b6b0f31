import { readUpgradeSettings } from '../h2/upgrade.ts';
import { type Answer, type AnswerStatus, answerBytes } from '../http/answer.ts';
import { FAULTS, type Fault } from '../http/fault.ts';
import { ascii, asciiLike, utf8 } from '../kernel/bytes.ts';
import { UploadPace } from '../kernel/upload-pace.ts';
import { Exchange } from './exchange.ts';
import { explainAnswer } from './explain-answer.ts';
import { Http1RequestView, Http1ResponseView } from './http1-views.ts';
import { Http2Relay } from './http2-relay.ts';
import { OpaqueRelay } from './opaque-relay.ts';
import { refusalFields } from './refusal.ts';
import { type RequestEvents, RequestSide } from './request-side.ts';
import { type ResponseEvents, ResponseSide } from './response-side.ts';
import { judgeAfterSwitch, stricter, unreadFrom } from './unread.ts';
import { type Reading, type Refusal, UNWATCHED } from './watch.ts';
import type { Relay, RelayContext } from './wire.ts';

type Problem = Readonly<Record<string, string | null>>;
type Refused = Pick<Answer, 'status' | 'fields'> & { readonly now: number };

const SWITCHING = 101;
const CONTINUE = utf8('HTTP/1.1 100 Continue\r\n\r\n');

/**
 * Follows HTTP/1.1 in both directions, judges each request head, and forwards the very bytes it judged.
 *
 * INVARIANT: one exchange at a time. Pipelined requests wait until the response before them is complete, so that a
 * denial's answer takes its turn, a 101 or CONNECT can't turn judged requests into unjudged ones, and a response
 * always belongs to the request that was recorded with it.
 */
export class Http1Relay implements Relay, RequestEvents, ResponseEvents {
  private readonly exchange: Exchange;
  private readonly pace = new UploadPace();
  private readonly request: RequestSide;
  private readonly response: ResponseSide;
  private readonly requestView: Http1RequestView;
  private readonly responseView: Http1ResponseView;
  private readonly context: RelayContext;
  /** The HTTP2-Settings field of a request that asks for an upgrade. */
  private h2Settings = '';
  /** What the requests of a connection are mostly for. */
  private host = '';

  constructor(context: RelayContext) {
    this.context = context;
    this.exchange = new Exchange(context.watcher.watch());
    this.request = new RequestSide(context, this);
    this.response = new ResponseSide(this.request.head, context.limits, this);
    this.response.head.showing = this.exchange.watch !== UNWATCHED;
    this.request.head.showing = this.response.head.showing || context.traced;
    this.requestView = new Http1RequestView(this.request.head, this.exchange);
    this.responseView = new Http1ResponseView(this.response.head);
  }

  get headSince(): number {
    return this.request.headSince;
  }

  /** The exchange whose request body is still coming in while no response to it is under way; null without one. */
  get uploading(): Exchange | null {
    return this.request.inBody && !this.response.begun ? this.exchange : null;
  }

  get withheldSince(): number {
    return this.request.withheldSince;
  }

  get idle(): boolean {
    return !this.exchange.open && this.headSince === 0;
  }

  get heldBytes(): number {
    return this.request.heldBytes + this.response.heldBytes;
  }

  // === Relay ===

  fromCaller(bytes: Uint8Array, start: number, end: number, now: number): void {
    this.request.read(bytes, start, end, now);
  }

  fromUpstream(bytes: Uint8Array, start: number, end: number, now: number): void {
    this.response.read(bytes, start, end, now);
  }

  callerEnded(now: number): void {
    this.request.end(now);
  }

  upstreamEnded(now: number): void {
    const { response, context } = this;
    if (response.inHead) {
      response.cutOff(now);
      return;
    }
    context.wire.finishCaller();
    this.abandon(this.outcomeOfEnd, now);
    context.wire.finishUpstream();
  }

  /** Of upstream. Servers give up what a caller that has left had asked, so that this is the caller's doing. */
  private get outcomeOfEnd(): Exchange['outcome'] {
    if (this.response.mayEnd && this.withheldSince === 0) return 'ok';
    return this.request.finished && this.exchange.status === 0 ? 'caller_reset' : 'upstream_reset';
  }

  abandon(outcome: Exchange['outcome'], now: number): void {
    if (outcome === 'overload' && this.headSince !== 0) this.begin(now);
    this.closeSides();
    this.exchange.outcome = outcome;
    this.record(now);
  }

  checkUploads(now: number, limitMs: number | null): void {
    if (this.pace.isSlow(limitMs === null ? null : this.uploading, now, limitMs ?? 0)) this.expire(now);
  }

  expire(now: number): void {
    if (this.headSince !== 0) {
      this.begin(now);
      this.timeOut('the request head did not arrive in time', now);
    } else if (this.exchange.open && this.uploading !== null) {
      this.timeOut('the request body did not arrive in time', now);
    } else {
      this.abandon('timeout', now);
      this.context.wire.abort();
    }
  }

  letGo(since: number, now: number): void {
    if (this.withheldSince <= since) this.request.letGo(now);
  }

  private timeOut(detail: string, now: number): void {
    this.exchange.outcome = 'timeout';
    this.replaceResponse(408, { reason: 'timeout', detail }, now);
  }

  /** Each request is judged when it comes; one that is under way was allowed. */
  reconsider(): void {}

  /** The next response says that it is the last; until then nothing changes, and no request meets a closing door. */
  drain(): void {
    this.response.closing = true;
  }

  // === the caller's side ===

  requestHead(bytes: Uint8Array, now: number): Reading | null {
    const { exchange, request } = this;
    const { head } = request;
    this.begin(now);
    exchange.method = head.method;
    exchange.path = head.path;
    this.host = asciiLike(bytes, head.hostStart, head.hostEnd, this.host);
    exchange.host = this.host;
    if (this.context.traced) exchange.traceparent = this.requestView.over(bytes).traceparent();
    if (head.upgrade) this.h2Settings = ascii(bytes, head.h2SettingsStart, head.h2SettingsEnd);
    exchange.decision = this.context.scope.evaluate(head.method, head.path, exchange.host);
    if (exchange.decision.verdict === 'deny') {
      this.refuse({ status: exchange.decision.reason === 'ambiguous_path' ? 400 : 403, now });
      return null;
    }
    const refusal = exchange.ask(this.requestView.over(bytes), now);
    if (refusal !== null) {
      this.turnAway(refusal, now);
      return null;
    }
    const reading = request.hasBody ? exchange.watch.requestReading : 'nothing';
    if (reading !== 'whole') this.response.expect();
    return reading;
  }

  requestContent(bytes: Uint8Array, start: number, end: number): boolean {
    return this.exchange.watch.requestBody(bytes, start, end);
  }

  /** What has gone upstream can't be refused any more. */
  requestRead(complete: boolean, now: number): void {
    this.exchange.watch.requestBodyEnd(complete, now);
  }

  withheldRead(complete: boolean, now: number): boolean {
    const refusal = this.exchange.askAgain(complete, now);
    if (refusal === null) this.response.expect();
    else this.turnAway(refusal, now);
    return refusal === null;
  }

  continueRequest(): void {
    this.response.saidContinue = true;
    this.responseBytes(CONTINUE, 0, CONTINUE.length);
  }

  requestBytes(count: number): void {
    this.exchange.bytesSent += count;
  }

  /** The response may already be complete: servers do answer before they have read the whole request. */
  requestComplete(now: number): void {
    if (this.response.idle) this.finish(now);
  }

  malformedRequest(fault: Fault, now: number): Relay | null {
    const next = unreadFrom(this.context, this.exchange, { fault, now, other: this.response });
    if (next !== null) return next;
    if (!this.exchange.open) this.begin(now);
    this.exchange.outcome = 'malformed_request';
    this.exchange.fault = fault;
    const status = fault === 'head_too_large' ? 431 : 400;
    return this.replaceResponse(status, { reason: 'malformed_request', fault, detail: FAULTS[fault] }, now);
  }

  // === upstream's side ===

  responseHead(bytes: Uint8Array, now: number): boolean {
    const { exchange, response } = this;
    exchange.status = response.head.status;
    // Final only when it does not lead to HTTP/2, where this request gets its response: see `switched`.
    return exchange.status !== SWITCHING && this.showResponse(bytes, now);
  }

  private showResponse(bytes: Uint8Array, now: number): boolean {
    return this.exchange.watch.response(this.responseView.over(bytes), now) === 'stream';
  }

  responseContent(bytes: Uint8Array, start: number, end: number): void {
    this.exchange.watch.responseBody(bytes, start, end);
  }

  responseBytes(bytes: Uint8Array, start: number, end: number): void {
    this.exchange.bytesReceived += end - start;
    this.context.wire.toCaller(bytes, start, end);
  }

  responseEnd(bytes: Uint8Array, start: number, end: number): void {
    if (!this.request.waiting || !this.isLast) {
      this.responseBytes(bytes, start, end);
      return;
    }
    this.exchange.bytesReceived += end - start;
    this.context.wire.lastToCaller(bytes, start, end);
  }

  responseComplete(now: number): void {
    if (this.request.waiting) this.finish(now);
  }

  switched(bytes: Uint8Array, start: number, headEnd: number, end: number, now: number): void {
    const next = this.successor(bytes);
    if (next === null) {
      this.exchange.outcome = 'denied';
      this.answerAndClose(403, explainAnswer(this.exchange.decision), now);
      return;
    }
    if (this.exchange.status === SWITCHING && next instanceof OpaqueRelay) this.showResponse(bytes, now);
    this.responseBytes(bytes, start, headEnd);
    this.context.become(next);
    if (headEnd < end) next.fromUpstream(bytes, headEnd, end, now);
    this.request.handOver(next, now);
  }

  /** Who reads on after the protocol was switched; null where an enforced policy would have to and can't. */
  private successor(bytes: Uint8Array): Relay | null {
    const { context, exchange } = this;
    const { status, upgradeToStart, upgradeToEnd } = this.response.head;
    const protocol =
      status === SWITCHING ? ascii(bytes, upgradeToStart, upgradeToEnd).toLowerCase() : 'connect';
    if (protocol === 'h2c' && this.request.waiting) {
      const settings = readUpgradeSettings(this.h2Settings);
      if (settings.ok) return new Http2Relay(context, { exchange, settings: settings.value });
    }
    const judge = judgeAfterSwitch(context, exchange, protocol);
    exchange.decision = stricter(exchange.decision, judge());
    return exchange.decision.verdict === 'deny' ? null : new OpaqueRelay(context, exchange, judge);
  }

  malformedResponse(fault: Fault, now: number): Relay | null {
    const next = unreadFrom(this.context, this.exchange, { fault, now, other: this.request });
    if (next !== null) return next;
    this.exchange.outcome = 'malformed_response';
    this.exchange.fault = fault;
    return this.replaceResponse(502, { reason: 'malformed_response', fault, detail: FAULTS[fault] }, now);
  }

  /**
   * Bytes while no response is due would be read by the caller as the answer to its next request. Servers that
   * time out an idle connection may send a 408 here: closing says the same.
   */
  unsolicited(now: number): Relay | null {
    const fault = 'unexpected_bytes';
    const next = unreadFrom(this.context, this.exchange, { fault, now, other: this.request });
    if (next !== null) return next;
    this.hangUp();
    if (this.exchange.open) this.exchange.fault = fault;
    this.abandon('malformed_response', now);
    return null;
  }

  // === the exchange ===

  private begin(now: number): void {
    this.exchange.begin('http1', this.headSince === 0 ? now : this.headSince);
  }

  private finish(now: number): void {
    if (!this.exchange.open) return;
    this.record(now);
    if (this.isLast) this.leave();
    else this.request.next(now);
  }

  /** The connection ends with this response. */
  private get isLast(): boolean {
    return this.response.toldLast || this.response.head.close;
  }

  /**
   * After the last response: requests that came behind it are not worked off (RFC 9112 §9.6). The caller gets its FIN
   * with the response, as from the server itself; were it to come later, with upstream's, callers would close first
   * and keep a port each in TIME_WAIT. Upstream, if it said so, closes its side itself, and so keeps that state itself.
   */
  private leave(): void {
    this.context.wire.finishCaller();
    if (this.response.toldLast) this.context.wire.finishUpstream();
    this.closeSides();
  }

  private record(now: number): void {
    if (this.exchange.open) this.exchange.conclude(this.context, now);
  }

  // === answers of our own ===

  private turnAway(refusal: Refusal, now: number): void {
    this.refuse({ status: refusal.status, fields: refusalFields(refusal), now });
  }

  /** Answers a denied request; the connection goes on when the rest of the request is cheap to throw away. */
  private refuse({ status, fields, now }: Refused): void {
    const { exchange, request } = this;
    exchange.outcome = 'denied';
    const problem = explainAnswer(exchange.decision);
    const last = request.head.close || request.head.minor === 0 || this.response.closing;
    const close = last || !request.discardable;
    this.answer({ status, problem, close, fields });
    if (!exchange.open) return;
    if (close) this.hangUp();
    else request.discard();
    this.record(now);
  }

  /** A broken message gets an answer in its response's place while that is possible, otherwise a broken connection. */
  private replaceResponse(status: AnswerStatus, problem: Problem, now: number): null {
    const { response, context } = this;
    if (response.begun) {
      this.closeSides();
      this.record(now);
      context.wire.abort();
    } else if (this.answered) {
      // A second answer would be taken for that of the next request.
      this.hangUp();
      this.record(now);
    } else this.answerAndClose(status, problem, now);
    return null;
  }

  /** The response was complete before the request was. */
  private get answered(): boolean {
    return this.response.idle && this.exchange.status !== 0;
  }

  private answerAndClose(status: AnswerStatus, problem: Problem, now: number): void {
    this.answer({ status, problem, close: true });
    this.hangUp();
    this.record(now);
  }

  private answer(answer: Pick<Answer, 'status' | 'problem' | 'close' | 'fields'>): void {
    const { exchange } = this;
    exchange.id = this.context.newId();
    exchange.status = answer.status;
    const bytes = answerBytes({ ...answer, id: exchange.id, bodiless: exchange.method === 'HEAD' });
    this.responseBytes(bytes, 0, bytes.length);
  }

  private hangUp(): void {
    this.context.wire.dropUpstream();
    this.context.wire.finishCaller();
    this.closeSides();
  }

  private closeSides(): void {
    this.request.close();
    this.response.close();
  }
}
