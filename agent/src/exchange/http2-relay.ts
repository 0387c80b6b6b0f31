import type { Decision } from '@eastwall/policy';
import { H2Relay } from '../h2/connection.ts';
import {
  type Denial,
  type H2Exchange,
  type H2Host,
  type StreamEnd,
  type StreamOutcome,
  UNREAD,
} from '../h2/exchange.ts';
import type { FieldList } from '../h2/field-list.ts';
import type { ErrorCode } from '../h2/frame.ts';
import { DEFAULT_H2_LIMITS } from '../h2/limits.ts';
import type { ConnectionEnd } from '../h2/relay-state.ts';
import type { RequestHead } from '../h2/request-head.ts';
import type { UpgradeSettings } from '../h2/upgrade.ts';
import { type AnswerStatus, DECISION_HEADER, PROBLEM_TYPE, problemText } from '../http/answer.ts';
import { utf8 } from '../kernel/bytes.ts';
import { Exchange } from './exchange.ts';
import { explainAnswer } from './explain-answer.ts';
import { Http2RequestView, Http2ResponseView } from './http2-views.ts';
import { grpcStatusOf, PERMISSION_DENIED, refusalFields } from './refusal.ts';
import { judgeAfterSwitch, stricter } from './unread.ts';
import type { Reading, Refusal } from './watch.ts';
import type { Relay, RelayContext } from './wire.ts';

/** Heads below are interim: another follows. */
const FIRST_FINAL_STATUS = 200;

/** The HTTP/1.1 request that led to an upgrade; its exchange ends as stream 1. */
export interface Upgraded {
  readonly exchange: Exchange;
  readonly settings: UpgradeSettings;
}

/** Follows cleartext HTTP/2 and judges each stream's head; every stream is an exchange of its own. */
export class Http2Relay implements Relay, H2Host {
  private readonly relay: H2Relay;
  private readonly context: RelayContext;

  constructor(context: RelayContext, upgraded?: Upgraded) {
    this.context = context;
    const { wire, limits } = context;
    this.relay = new H2Relay({
      wire: {
        toUpstream: (bytes, start, end) => wire.toUpstream(bytes, start, end),
        toCaller: (bytes, start, end) => wire.toCaller(bytes, start, end),
        finishUpstream: () => wire.finishUpstream(),
        finishCaller: () => wire.finishCaller(),
        close: (end, now) => this.close(end, now),
      },
      host: this,
      limits: {
        ...DEFAULT_H2_LIMITS,
        maxBlockBytes: limits.maxHeadBytes,
        maxListBytes: limits.maxHeadBytes,
        maxHeldBytes: limits.maxHeldBytes,
      },
      ...(upgraded !== undefined && { upgraded: openedBy(context, upgraded) }),
    });
  }

  get headSince(): number {
    return this.relay.headSince;
  }

  get withheldSince(): number {
    return this.relay.withheldSince;
  }

  get idle(): boolean {
    return this.relay.idle;
  }

  get heldBytes(): number {
    return this.relay.heldBytes;
  }

  fromCaller(bytes: Uint8Array, start: number, end: number, now: number): void {
    this.relay.fromCaller(bytes, start, end, now);
  }

  fromUpstream(bytes: Uint8Array, start: number, end: number, now: number): void {
    this.relay.fromUpstream(bytes, start, end, now);
  }

  callerEnded(now: number): void {
    this.relay.callerEnded(now);
  }

  upstreamEnded(now: number): void {
    this.relay.upstreamEnded(now);
    this.context.wire.finishUpstream();
  }

  abandon(outcome: Exchange['outcome'], now: number): void {
    this.relay.abandon(STREAM_OUTCOMES[outcome], now);
  }

  checkUploads(now: number, limitMs: number | null): void {
    this.relay.checkUploads(now, limitMs);
  }

  expire(now: number): void {
    this.relay.expire(now);
  }

  letGo(since: number, now: number): void {
    this.relay.letGo(since, now);
  }

  /** Each stream is judged when it comes; one that is open was allowed, but for what nobody reads. */
  reconsider(now: number): void {
    this.relay.reconsider(now);
  }

  drain(now: number): void {
    this.relay.drain(now);
  }

  begin(head: RequestHead, now: number): H2Exchange {
    return new StreamExchange(this.context, head, now);
  }

  private close(end: ConnectionEnd, now: number): void {
    if (end.streams === 0 && end.code !== 'NO_ERROR') this.recordFault(end, now);
    this.context.wire.dropUpstream();
    this.context.wire.finishCaller();
  }

  /** Streams that were open tell why they have ended; where there was none, nobody else would. */
  private recordFault({ code, outcome }: ConnectionEnd, now: number): void {
    const exchange = new Exchange();
    exchange.begin('h2', now);
    exchange.fault = faultOf(code);
    exchange.outcome = recordedAs(outcome);
    exchange.conclude(this.context, now);
  }
}

/** RFC 9113 §7, as faults are written. */
const faultOf = (code: ErrorCode): string => code.toLowerCase();

const recordedAs = (outcome: StreamOutcome): Exchange['outcome'] =>
  outcome === 'refused' ? 'malformed_request' : outcome;

/** How a connection's end reads for a stream of it. */
const STREAM_OUTCOMES: Record<Exchange['outcome'], StreamOutcome> = {
  ok: 'upstream_reset',
  denied: 'denied',
  malformed_request: 'malformed_request',
  malformed_response: 'malformed_response',
  caller_reset: 'caller_reset',
  upstream_reset: 'upstream_reset',
  upstream_unreachable: 'upstream_reset',
  timeout: 'timeout',
  identity_unknown: 'caller_reset',
  drained: 'drained',
  overload: 'overload',
};

interface DenialForm {
  readonly status: AnswerStatus;
  readonly fields?: Denial['fields'];
  readonly grpcStatus?: number;
}

/** One stream: judged where its head is complete, recorded where it ends. */
class StreamExchange implements H2Exchange {
  readonly denial: Denial | null;
  readonly reading: Reading;
  /** Of an extended CONNECT. */
  private readonly protocol: string;
  private readonly exchange: Exchange;
  private readonly context: RelayContext;

  constructor(context: RelayContext, head: RequestHead, now: number) {
    this.context = context;
    this.exchange = new Exchange(context.watcher.watch());
    const { exchange } = this;
    this.protocol = head.protocol;
    exchange.begin('h2', now);
    exchange.method = head.method;
    exchange.path = pathOf(head.path);
    exchange.host = head.authority;
    exchange.fault = head.fault ?? '';
    if (context.traced) exchange.traceparent = new Http2RequestView(head, exchange).traceparent();
    // A malformed head is refused without asking: a decision would claim that it was understood.
    this.denial = head.fault === null ? this.judge(head, now) : null;
    this.reading = head.endsStream || this.isTunnel ? 'nothing' : exchange.watch.requestReading;
  }

  private judge(head: RequestHead, now: number): Denial | null {
    const { exchange } = this;
    exchange.decision = this.decide();
    if (exchange.decision.verdict === 'deny')
      return this.deny({ status: exchange.decision.reason === 'ambiguous_path' ? 400 : 403 });
    const refusal = exchange.ask(new Http2RequestView(head, exchange), now);
    return refusal === null ? null : this.turnAway(refusal);
  }

  /** As after a switch of protocols in HTTP/1.1: what an enforced policy would have to read and can't is refused. */
  private decide(): Decision {
    const { context, exchange, protocol } = this;
    const decision = context.scope.evaluate(exchange.method, exchange.path, exchange.host);
    if (protocol === '' || decision.verdict === 'deny') return decision;
    return stricter(decision, judgeAfterSwitch(context, exchange, protocol)());
  }

  mayGoOn(): boolean {
    if (!this.isTunnel) return true;
    const decision = this.decide();
    if (decision.verdict === 'deny') this.exchange.decision = decision;
    return decision.verdict !== 'deny';
  }

  content(bytes: Uint8Array, start: number, end: number): boolean {
    return this.exchange.watch.requestBody(bytes, start, end);
  }

  contentEnded(complete: boolean, now: number): Denial | null {
    const { exchange } = this;
    // What has gone upstream can't be refused any more.
    if (this.reading !== 'whole') exchange.watch.requestBodyEnd(complete, now);
    const refusal = this.reading === 'whole' ? exchange.askAgain(complete, now) : null;
    return refusal === null ? null : this.turnAway(refusal);
  }

  responded(status: number, fields: FieldList, now: number): boolean {
    return respond(this.exchange, { status, fields, now }) && !this.isTunnel;
  }

  responseContent(bytes: Uint8Array, start: number, end: number): void {
    this.exchange.watch.responseBody(bytes, start, end);
  }

  ended(end: StreamEnd, now: number): void {
    endStream(this.context, this.exchange, end, now);
  }

  /** What goes through a tunnel is no content. */
  private get isTunnel(): boolean {
    return this.exchange.method === 'CONNECT';
  }

  private turnAway(refusal: Refusal): Denial {
    return this.deny({
      status: refusal.status,
      fields: refusalFields(refusal),
      grpcStatus: grpcStatusOf(refusal),
    });
  }

  private deny({ status, fields = [], grpcStatus = PERMISSION_DENIED }: DenialForm): Denial {
    const { exchange } = this;
    exchange.id = this.context.newId();
    const problem = explainAnswer(exchange.decision);
    return {
      status,
      fields: [[DECISION_HEADER, exchange.id], ...fields],
      contentType: PROBLEM_TYPE,
      body: utf8(problemText({ status, problem, id: exchange.id })),
      grpcStatus,
      grpcMessage: `eastwall: ${problem['detail']} (decision ${exchange.id})`,
    };
  }
}

/** Stream 1 of an upgraded connection: judged as HTTP/1.1, recorded where the stream ends. */
const openedBy = (context: RelayContext, { exchange, settings }: Upgraded) => ({
  settings,
  exchange: {
    ...UNREAD,
    responded: (status: number, fields: FieldList, now: number) => respond(exchange, { status, fields, now }),
    responseContent(bytes: Uint8Array, start: number, end: number) {
      exchange.watch.responseBody(bytes, start, end);
    },
    ended: (end: StreamEnd, now: number) => endStream(context, exchange, end, now),
  },
});

function respond(
  exchange: Exchange,
  { status, fields, now }: { status: number; fields: FieldList; now: number },
): boolean {
  if (status < FIRST_FINAL_STATUS) return false;
  return exchange.watch.response(new Http2ResponseView(status, fields), now) === 'stream';
}

/** Bytes are added up: an upgraded exchange has counted those of its HTTP/1.1 part. */
function endStream(context: RelayContext, exchange: Exchange, end: StreamEnd, now: number): void {
  exchange.status = end.status;
  exchange.grpcStatus = end.grpcStatus;
  exchange.bytesSent += end.bytesSent;
  exchange.bytesReceived += end.bytesReceived;
  exchange.outcome = recordedAs(end.outcome);
  if (end.connectionFault !== null) exchange.fault = faultOf(end.connectionFault);
  exchange.conclude(context, now);
}

/** The path without the query; CONNECT has none. */
function pathOf(target: string): string {
  const query = target.indexOf('?');
  return query < 0 ? target : target.slice(0, query);
}
