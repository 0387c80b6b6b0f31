import type { Decision } from '@eastwall/policy';
import { readUpgradeSettings } from '../h2/upgrade.ts';
import { type AnswerStatus, answerBytes } from '../http/answer.ts';
import { FAULTS, type Fault } from '../http/fault.ts';
import { ascii } from '../kernel/bytes.ts';
import { Exchange } from './exchange.ts';
import { explainAnswer } from './explain-answer.ts';
import { Http2Relay } from './http2-relay.ts';
import { OpaqueRelay } from './opaque-relay.ts';
import { type RequestEvents, RequestSide } from './request-side.ts';
import { type ResponseEvents, ResponseSide } from './response-side.ts';
import type { Relay, RelayContext } from './wire.ts';

type Problem = Readonly<Record<string, string | null>>;

/**
 * Follows HTTP/1.1 in both directions, judges each request head, and forwards the very bytes it judged.
 *
 * INVARIANT: one exchange at a time. Pipelined requests wait until the response before them is complete, so that a
 * denial's answer takes its turn, a 101 or CONNECT can't turn judged requests into unjudged ones, and a response
 * always belongs to the request that was recorded with it.
 */
export class Http1Relay implements Relay, RequestEvents, ResponseEvents {
  private readonly exchange = new Exchange();
  private readonly request: RequestSide;
  private readonly response: ResponseSide;
  private readonly context: RelayContext;
  /** The HTTP2-Settings field of a request that asks for an upgrade. */
  private h2Settings = '';

  constructor(context: RelayContext) {
    this.context = context;
    this.request = new RequestSide(context.wire, context.limits, this);
    this.response = new ResponseSide(this.request.head, context.limits, this);
  }

  get headSince(): number {
    return this.request.headSince;
  }

  get uploading(): Exchange | null {
    return this.request.inBody && !this.response.begun ? this.exchange : null;
  }

  get idle(): boolean {
    return !this.exchange.open && this.headSince === 0;
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
      this.malformedResponse('truncated', now);
      return;
    }
    context.wire.finishCaller();
    this.abandon(response.mayEnd ? 'ok' : 'upstream_reset', now);
    this.closeSides();
    context.wire.finishUpstream();
  }

  abandon(outcome: Exchange['outcome'], now: number): void {
    if (!this.exchange.open) return;
    this.exchange.outcome = outcome;
    this.record(now);
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

  requestHead(bytes: Uint8Array, now: number): boolean {
    const { exchange, request } = this;
    const { head } = request;
    this.begin(now);
    exchange.method = head.method;
    exchange.path = head.path;
    exchange.host = ascii(bytes, head.hostStart, head.hostEnd);
    if (head.upgrade) this.h2Settings = ascii(bytes, head.h2SettingsStart, head.h2SettingsEnd);
    exchange.decision = this.context.scope.evaluate(head.method, head.path, exchange.host);
    if (exchange.decision.verdict === 'deny') {
      this.deny(now);
      return false;
    }
    this.response.expect();
    return true;
  }

  requestBytes(count: number): void {
    this.exchange.bytesSent += count;
  }

  /** The response may already be complete: servers do answer before they have read the whole request. */
  requestComplete(now: number): void {
    if (this.response.idle) this.finish(now);
  }

  malformedRequest(fault: Fault, now: number): void {
    if (!this.exchange.open) this.begin(now);
    this.exchange.outcome = 'malformed_request';
    this.exchange.fault = fault;
    const status = fault === 'head_too_large' ? 431 : 400;
    this.replaceResponse(status, { reason: 'malformed_request', fault, detail: FAULTS[fault] }, now);
  }

  // === upstream's side ===

  responseStatus(status: number): void {
    this.exchange.status = status;
  }

  responseBytes(bytes: Uint8Array, start: number, end: number): void {
    this.exchange.bytesReceived += end - start;
    this.context.wire.toCaller(bytes, start, end);
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
    this.responseBytes(bytes, start, headEnd);
    this.context.become(next);
    if (headEnd < end) next.fromUpstream(bytes, headEnd, end, now);
    this.request.handOver(next, now);
  }

  /** Who reads on after the protocol was switched; null where an enforced policy would have to and can't. */
  private successor(bytes: Uint8Array): Relay | null {
    const { context, exchange } = this;
    const { status, upgradeToStart, upgradeToEnd } = this.response.head;
    const protocol = status === 101 ? ascii(bytes, upgradeToStart, upgradeToEnd).toLowerCase() : 'connect';
    if (protocol === 'h2c' && this.request.waiting) {
      const settings = readUpgradeSettings(this.h2Settings);
      if (settings.ok) return new Http2Relay(context, { exchange, settings: settings.value });
    }
    const judge = this.judgeOf(protocol);
    exchange.decision = this.stricter(judge());
    return exchange.decision.verdict === 'deny' ? null : new OpaqueRelay(context, exchange, judge);
  }

  /** What decides about the bytes that follow a switch, now and whenever policies change. */
  private judgeOf(protocol: string): () => Decision {
    const { context } = this;
    const { method, path, host } = this.exchange;
    // WebSocket belongs to the operation that was judged: its frames are masked, so no server reads a request in them.
    if (protocol === 'websocket') return () => context.scope.evaluate(method, path, host);
    return protocol === 'connect' ? () => context.scope.tunnel(host) : () => context.scope.unread(host);
  }

  /** A switch may be refused or reported where the request was allowed, and leaves the decision alone otherwise. */
  private stricter(decision: Decision): Decision {
    return decision.verdict === 'allow' ? this.exchange.decision : decision;
  }

  malformedResponse(fault: Fault, now: number): void {
    this.exchange.outcome = 'malformed_response';
    this.exchange.fault = fault;
    this.replaceResponse(502, { reason: 'malformed_response', fault, detail: FAULTS[fault] }, now);
  }

  /**
   * Bytes while no response is due would be read by the caller as the answer to its next request. Servers that
   * time out an idle connection may send a 408 here: closing says the same.
   */
  unsolicited(now: number): void {
    this.hangUp();
    if (!this.exchange.open) return;
    this.exchange.outcome = 'malformed_response';
    this.exchange.fault = 'unexpected_bytes';
    this.record(now);
  }

  // === the exchange ===

  private begin(now: number): void {
    this.exchange.begin('http1', this.headSince === 0 ? now : this.headSince);
  }

  private finish(now: number): void {
    this.record(now);
    if (this.response.toldLast) this.context.wire.finishUpstream();
    if (this.response.toldLast || this.response.head.close) this.leave();
    else this.request.next(now);
  }

  /**
   * After the last response: requests that came behind it are not worked off (RFC 9112 §9.6). The caller gets its FIN
   * with the response, as from the server itself; were it to come later, with upstream's, callers would close first
   * and keep a port each in TIME_WAIT. Upstream closes its side itself, and so keeps that state itself.
   */
  private leave(): void {
    this.context.wire.finishCaller();
    this.closeSides();
  }

  private record(now: number): void {
    this.exchange.open = false;
    this.context.finish(this.exchange, now);
  }

  // === answers of our own ===

  /** Answers a denied request; the connection goes on when the rest of the request is cheap to throw away. */
  private deny(now: number): void {
    const { exchange, request } = this;
    exchange.outcome = 'denied';
    const status = exchange.decision.reason === 'ambiguous_path' ? 400 : 403;
    const problem = explainAnswer(exchange.decision);
    const last = request.head.close || request.head.minor === 0 || this.response.closing;
    if (last || !request.discardable) {
      this.answerAndClose(status, problem, now);
      return;
    }
    this.answer(status, problem, false);
    request.discard();
    this.record(now);
  }

  /** A broken message gets an answer in its response's place while that is possible, otherwise a broken connection. */
  private replaceResponse(status: AnswerStatus, problem: Problem, now: number): void {
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
  }

  /** The response was complete before the request was. */
  private get answered(): boolean {
    return this.response.idle && this.exchange.status !== 0;
  }

  private answerAndClose(status: AnswerStatus, problem: Problem, now: number): void {
    this.answer(status, problem, true);
    this.hangUp();
    this.record(now);
  }

  private answer(status: AnswerStatus, problem: Problem, close: boolean): void {
    const { exchange } = this;
    exchange.id = this.context.newId();
    exchange.status = status;
    const bodiless = exchange.method === 'HEAD';
    const bytes = answerBytes({ status, id: exchange.id, problem, bodiless, close });
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
