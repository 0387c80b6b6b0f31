import type { FlowRecord } from '../record/record.ts';
import { type AgentEvent, forLeaving, type Reporter } from './agent-event.ts';
import { attributes, type KeyValue, type OtlpResource, resourceOf, scopeOf } from './otlp-words.ts';

/**
 * Events as OpenTelemetry takes them over OTLP/HTTP in JSON (opentelemetry-proto 1.x: int64 are strings, ids are hex, enums are
 * numbers). Each line is a resource with one log record or span in it: `otlpBody` only has to put them side by side.
 */
interface LogRecord {
  readonly timeUnixNano: string;
  readonly observedTimeUnixNano: string;
  readonly severityNumber: number;
  readonly severityText: string;
  readonly eventName: string;
  readonly body: { readonly stringValue: string };
  readonly attributes: readonly KeyValue[];
  readonly traceId?: string;
  readonly spanId?: string;
  readonly flags?: number;
}

/** A client span. */
interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly flags: number;
  readonly name: string;
  readonly kind: typeof SPAN_KIND_CLIENT;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly KeyValue[];
  readonly status: { readonly code?: typeof STATUS_ERROR; readonly message?: string };
}

const SPAN_KIND_CLIENT = 3;
const STATUS_ERROR = 2;
const SAMPLED = 1;

/** Of the data model of logs: the least of INFO, WARN and ERROR. */
const INFO = [9, 'INFO'] as const;
const WARN = [13, 'WARN'] as const;
const ERROR = [17, 'ERROR'] as const;
const SEVERITIES = { info: INFO, low: INFO, medium: WARN, high: ERROR, critical: ERROR } as const;

/** Random hex digits for that many bytes. */
export type NewId = (bytes: number) => string;

/** One element of `resourceLogs`. */
export function otlpLog(event: AgentEvent, reporter: Reporter): object {
  const resource = resourceOf(event, reporter);
  return { resource, scopeLogs: [{ scope: scopeOf(reporter), logRecords: [logRecord(event, reporter)] }] };
}

/** One element of `resourceSpans`; null for what is no exchange, and where the caller says that its trace is not recorded. */
export function otlpSpan(
  event: AgentEvent,
  reporter: Reporter,
  newId: NewId,
): { readonly resource: OtlpResource; readonly scopeSpans: readonly object[] } | null {
  if (event.kind !== 'exchange' || event.record.trace?.sampled === false) return null;
  const resource = resourceOf(event, reporter);
  return {
    resource,
    scopeSpans: [{ scope: scopeOf(reporter), spans: [span(event.record, reporter, newId)] }],
  };
}

/** What is posted to `/v1/logs` and `/v1/traces`. */
export const otlpBody = (field: 'resourceLogs' | 'resourceSpans', lines: readonly string[]): string =>
  `{"${field}":[${lines.join(',')}]}`;

/** How many log records or spans an answer of success has left out all the same (`partialSuccess`); bytes of a stranger. */
export function otlpRefused(answer: string): number {
  try {
    const { partialSuccess } = JSON.parse(answer) as { partialSuccess?: Record<string, unknown> };
    const count = Number(partialSuccess?.['rejectedLogRecords'] ?? partialSuccess?.['rejectedSpans'] ?? 0);
    return Number.isSafeInteger(count) && count > 0 ? count : 0;
  } catch {
    return 0;
  }
}

function logRecord(event: AgentEvent, reporter: Reporter): LogRecord {
  return event.kind === 'exchange' ? exchangeLog(event.record, reporter) : findingLog(event);
}

function exchangeLog(whole: FlowRecord, reporter: Reporter): LogRecord {
  const record = forLeaving(whole, reporter.paths);
  const { verdict, trace, time, durationMs } = record;
  const passed = verdict === 'would-deny';
  const [severityNumber, severityText] = passed ? INFO : WARN;
  return {
    timeUnixNano: nanos(time),
    observedTimeUnixNano: nanos(time + durationMs),
    severityNumber,
    severityText,
    eventName: 'eastwall.exchange',
    body: { stringValue: passed ? 'exchange would be denied' : 'exchange blocked' },
    attributes: exchangeAttributes(record),
    ...(trace !== undefined && {
      traceId: trace.traceId,
      spanId: trace.parentId,
      flags: trace.sampled ? SAMPLED : 0,
    }),
  };
}

function findingLog({ uid, finding, turn }: Extract<AgentEvent, { kind: 'finding' }>): LogRecord {
  const [severityNumber, severityText] = turn === 'ended' ? INFO : SEVERITIES[finding.severity];
  return {
    timeUnixNano: nanos(turn === 'began' ? finding.firstSeen : finding.lastSeen),
    observedTimeUnixNano: nanos(finding.lastSeen),
    severityNumber,
    severityText,
    eventName: 'eastwall.finding',
    body: { stringValue: finding.explanation },
    attributes: attributes({
      'log.record.uid': uid,
      'eastwall.finding.id': finding.id,
      'eastwall.finding.turn': turn,
      'eastwall.finding.detection': finding.detection,
      'eastwall.finding.severity': finding.severity,
      'eastwall.finding.action': finding.action,
      'eastwall.finding.count': finding.count,
      'eastwall.destination': finding.destination,
      'eastwall.operation': finding.operation,
      'eastwall.decision': finding.decisionId,
      ...Object.fromEntries(
        Object.entries(finding.evidence).map(([name, value]) => [`eastwall.evidence.${name}`, value]),
      ),
    }),
  };
}

function span(whole: FlowRecord, reporter: Reporter, newId: NewId): Span {
  const record = forLeaving(whole, reporter.paths);
  const { trace, method, time, durationMs, verdict, reason } = record;
  return {
    traceId: trace?.traceId ?? newId(16),
    spanId: newId(8),
    ...(trace !== undefined && { parentSpanId: trace.parentId }),
    flags: SAMPLED,
    name: spanName(method, whole.template),
    kind: SPAN_KIND_CLIENT,
    startTimeUnixNano: nanos(time),
    endTimeUnixNano: nanos(time + durationMs),
    attributes: exchangeAttributes(record),
    status: verdict === 'would-deny' ? {} : { code: STATUS_ERROR, message: reason },
  };
}

/** By the conventions of HTTP: method and template, never the path, since names must be few. */
const spanName = (method: string, template = ''): string => `${method} ${template}`.trim() || 'connection';

/** Names of the semantic conventions where there are any. */
function exchangeAttributes(record: FlowRecord): readonly KeyValue[] {
  const { destination, protocol, verdict, reason, status } = record;
  const [service] = destination.services;
  return attributes({
    'log.record.uid': record.id,
    'http.request.method': record.method,
    'http.response.status_code': status === 0 ? '' : status,
    'url.path': record.path,
    'server.address': record.host || destination.ip,
    'server.port': destination.port,
    'network.peer.address': destination.ip,
    'network.protocol.name': protocol === 'http1' || protocol === 'h2' ? 'http' : protocol,
    'error.type': verdict === 'would-deny' ? '' : reason,
    'eastwall.destination': service === undefined ? '' : `${service.namespace}/${service.service}`,
    'eastwall.decision': record.id,
    'eastwall.verdict': verdict,
    'eastwall.reason': reason,
    'eastwall.policy': record.policy ?? '',
    'eastwall.rule': record.rule ?? '',
    'eastwall.outcome': record.outcome,
    'eastwall.bytes_sent': record.bytesSent,
    'eastwall.bytes_received': record.bytesReceived,
  });
}

/** Milliseconds as nanoseconds; microseconds are as fine as they come, and a number has no room for more. */
const nanos = (ms: number): string => `${Math.round(ms * 1_000)}000`;
