import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aFinding } from '../../testing/findings.ts';
import { deniedRecord, flowRecord } from '../../testing/flow-record.ts';
import { readLogs, readSpans } from '../../testing/otlp-reader.ts';
import type { FlowRecord } from '../record/record.ts';
import { type AgentEvent, exchangeEvent, findingEvent } from './agent-event.ts';
import { otlpBody, otlpLog, otlpRefused, otlpSpan } from './otlp.ts';

const REPORTER = { node: 'node-1', version: '0.1.0', paths: 'template' } as const;
const TRACE = { traceId: 'a'.repeat(32), parentId: 'b'.repeat(16), sampled: true };
const newId = (bytes: number) => 'c'.repeat(2 * bytes);

const logOf = (event: AgentEvent) =>
  readLogs(otlpBody('resourceLogs', [JSON.stringify(otlpLog(event, REPORTER))]))[0];

function spanOf(record: FlowRecord) {
  const span = otlpSpan(exchangeEvent(record), REPORTER, newId);
  return span === null ? null : readSpans(otlpBody('resourceSpans', [JSON.stringify(span)]))[0];
}

describe('a span', () => {
  it('is the caller’s, in the trace of its request', () => {
    const record = deniedRecord({
      trace: TRACE,
      template: '/orders/{orderId}',
      time: 1_000.5,
      durationMs: 2,
    });
    expect(spanOf(record)).toMatchObject({
      traceId: TRACE.traceId,
      parentSpanId: TRACE.parentId,
      spanId: 'c'.repeat(16),
      name: 'GET /orders/{orderId}',
      kind: 3,
      startTimeUnixNano: 1_000_500_000n,
      endTimeUnixNano: 1_002_500_000n,
      status: { code: 2, message: 'no_rule_allows' },
      resource: {
        'service.name': 'frontend',
        'service.namespace': 'shop',
        'k8s.deployment.name': 'frontend',
        'k8s.pod.name': 'frontend-5d9c7-x2x4z',
      },
      attributes: {
        'http.response.status_code': 403n,
        'eastwall.policy': 'shop/orders',
        'log.record.uid': 'ew-1',
      },
    });
  });

  it('begins a trace where the request belongs to none, and is none where its trace is not recorded', () => {
    const root = spanOf(deniedRecord());
    expect(root).toMatchObject({ traceId: 'c'.repeat(32) });
    expect(root).not.toHaveProperty('parentSpanId');
    expect(spanOf(deniedRecord({ trace: { ...TRACE, sampled: false } }))).toBeNull();
    const finding = findingEvent(aFinding(), null) as AgentEvent;
    expect(otlpSpan(finding, REPORTER, newId)).toBeNull();
  });

  it('has no error where the exchange passed', () => {
    expect(spanOf(flowRecord({ verdict: 'would-deny' }))?.status).toEqual({});
  });
});

describe('a log record', () => {
  it('belongs to the trace of its request', () => {
    expect(logOf(exchangeEvent(deniedRecord({ trace: TRACE })))).toMatchObject({
      traceId: TRACE.traceId,
      spanId: TRACE.parentId,
      severityText: 'WARN',
      body: 'exchange blocked',
      resource: { 'service.name': 'frontend' },
    });
  });

  it('says what a finding says, with its evidence', () => {
    expect(logOf(findingEvent(aFinding(), null) as AgentEvent)).toMatchObject({
      severityText: 'ERROR',
      eventName: 'eastwall.finding',
      attributes: { 'log.record.uid': 'ef-1-began', 'eastwall.evidence.unexplained': 25n },
    });
  });

  it('holds no path, and is the agent’s own while the caller is not known', () => {
    const text = JSON.stringify(
      otlpLog(exchangeEvent(deniedRecord({ path: '/s3cret', caller: null })), REPORTER),
    );
    expect(text).not.toContain('s3cret');
    expect(text).toContain('{"key":"service.name","value":{"stringValue":"eastwall"}}');
  });
});

describe('an answer of success', () => {
  it.each([
    ['', 0],
    ['{}', 0],
    ['{"partialSuccess":{}}', 0],
    ['{"partialSuccess":{"rejectedLogRecords":"3"}}', 3],
    ['{"partialSuccess":{"rejectedSpans":2}}', 2],
    ['{"partialSuccess":{"rejectedSpans":-2}}', 0],
  ])('`%s` leaves out %i', (answer, count) => {
    expect(otlpRefused(answer)).toBe(count);
  });

  it('is read whatever it is', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => otlpRefused(text) >= 0));
  });
});
