import { Buffer } from 'node:buffer';
import type { Destination, Workload } from '@eastwall/policy';
import type { Exchange } from '../exchange/exchange.ts';
import type { Direction } from '../ipc/messages.ts';
import type { Clock } from '../kernel/clock.ts';
import type { FlowRecord } from '../record/record.ts';
import { parseTraceparent } from '../record/trace-context.ts';
import type { TrafficCell } from '../record/traffic-cell.ts';
import { TrafficCells, type TrafficGroup } from '../record/traffic-cells.ts';
import { type VerdictCell, VerdictTotals } from '../record/verdict-totals.ts';

/**
 * Characters that are kept of a caller's text: enough to tell what was asked. A head may be a thousand times larger,
 * and a queue of records would not be bounded by their number.
 */
const MAX_TEXT = 1_024;

/** Copied, because a slice would keep the whole text alive. */
const clip = (text: string): string =>
  text.length <= MAX_TEXT ? text : `${Buffer.from(text.slice(0, MAX_TEXT - 1)).toString()}…`;

export interface RecorderOptions {
  readonly node: string;
  readonly clock: Clock;
  /** Tells this process's decision ids from every other's. */
  readonly idPrefix: string;
  /** What the path of an exchange is one of; empty where it has none. Only asked for what is kept. */
  templateOf(exchange: Exchange, destination: Destination): string;
  /** Records kept until they are taken; further ones are dropped and counted. */
  readonly maxRecords: number;
}

export interface RecordContext {
  readonly now: number;
  readonly caller: Workload;
  readonly destination: Destination;
  readonly traffic: TrafficGroup;
  readonly direction: Direction;
}

/**
 * Where every exchange ends: counted always, kept as a flow record when it was not plainly allowed or when somebody
 * follows everything.
 */
export class Recorder {
  streamAll = false;
  private dropped = 0;
  private sequence = 0;
  private records: FlowRecord[] = [];
  private readonly cells = new TrafficCells();
  private readonly verdicts = new VerdictTotals();
  private readonly options: RecorderOptions;

  constructor(options: RecorderOptions) {
    this.options = options;
  }

  group(caller: Workload, destination: Destination): TrafficGroup {
    return this.cells.group(caller, destination);
  }

  /** Short enough to read out, unique in the cluster. */
  newId(): string {
    return `ew-${this.options.idPrefix}-${(this.sequence++).toString(36)}`;
  }

  record(exchange: Exchange, context: RecordContext): void {
    const durationMs = context.now - exchange.startedAt;
    if (context.direction === 'inbound') {
      // Whoever sent it has counted it, and kept it where it was of interest.
      if (this.streamAll) this.keep(exchange, context, durationMs);
      return;
    }
    this.verdicts.count(exchange.decision);
    context.traffic.count({
      protocol: exchange.protocol,
      verdict: exchange.decision.verdict,
      outcome: exchange.outcome,
      status: exchange.status,
      durationMs,
      bytesSent: exchange.bytesSent,
      bytesReceived: exchange.bytesReceived,
    });
    if (!this.streamAll && exchange.outcome === 'ok' && exchange.decision.verdict === 'allow') return;
    this.keep(exchange, context, durationMs);
  }

  private keep(exchange: Exchange, context: RecordContext, durationMs: number): void {
    if (this.records.length >= this.options.maxRecords) this.dropped++;
    else this.records.push(this.flowRecord(exchange, context, durationMs));
  }

  /** What has been kept since the last call, and how many did not fit. */
  takeRecords(): { records: FlowRecord[]; dropped: number } {
    const taken = { records: this.records, dropped: this.dropped };
    this.records = [];
    this.dropped = 0;
    return taken;
  }

  takeCells(): TrafficCell[] {
    return this.cells.drain();
  }

  takeVerdicts(): VerdictCell[] {
    return this.verdicts.drain();
  }

  private flowRecord(exchange: Exchange, context: RecordContext, durationMs: number): FlowRecord {
    const { decision } = exchange;
    const template = this.options.templateOf(exchange, context.destination);
    const trace = parseTraceparent(exchange.traceparent);
    return {
      id: exchange.id === '' ? this.newId() : exchange.id,
      time: this.options.clock.now() - durationMs,
      node: this.options.node,
      ...(context.direction === 'inbound' && { leg: 'inbound' as const }),
      caller: context.caller.uid === '' ? null : context.caller,
      destination: context.destination,
      protocol: exchange.protocol,
      method: clip(exchange.method),
      host: clip(exchange.host),
      ...(exchange.hostUnknown !== '' && { hostUnknown: exchange.hostUnknown }),
      path: clip(exchange.path),
      ...(trace !== null && { trace }),
      ...(template !== '' && { template: clip(template) }),
      ...(exchange.declaredOpaque && { declaredOpaque: true }),
      status: exchange.status,
      ...(exchange.grpcStatus >= 0 && { grpcStatus: exchange.grpcStatus }),
      verdict: decision.verdict,
      reason: exchange.fault === '' ? decision.reason : exchange.fault,
      policy: decision.policy,
      rule: decision.rule,
      outcome: exchange.outcome,
      durationMs,
      bytesSent: exchange.bytesSent,
      bytesReceived: exchange.bytesReceived,
    };
  }
}
