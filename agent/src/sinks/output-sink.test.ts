import { describe, expect, it } from 'vitest';
import { aFinding } from '../../testing/findings.ts';
import { deniedRecord, flowRecord } from '../../testing/flow-record.ts';
import { violations } from '../../testing/ocsf-schema.ts';
import { exchangeEvent, findingEvent } from '../events/agent-event.ts';
import type { Finding } from '../record/finding.ts';
import type { FlowRecord } from '../record/record.ts';
import { LogSink, OcsfOutputSink } from './output-sink.ts';

const REPORTER = { node: 'node-1', version: '0.1.0', paths: 'template' } as const;

function logged() {
  const lines: [level: string, event: object, message: string][] = [];
  const writer = {
    info: (event: object, message: string) => lines.push(['info', event, message]),
    warn: (event: object, message: string) => lines.push(['warn', event, message]),
  };
  const sink = new LogSink(writer, REPORTER);
  const finding = (now: Finding, before: Finding | null) => {
    const event = findingEvent(now, before);
    if (event !== null) sink.accept(event);
  };
  return { lines, finding, exchange: (record: FlowRecord) => sink.accept(exchangeEvent(record)) };
}

describe('LogSink', () => {
  it('warns of what was blocked, and says would-deny more quietly; by the template of the path', () => {
    const { lines, exchange } = logged();
    exchange(deniedRecord({ template: '/orders/{orderId}' }));
    exchange(flowRecord({ verdict: 'would-deny' }));
    expect(lines).toMatchObject([
      ['warn', { flow: { id: 'ew-1', path: '/orders/{orderId}' } }, 'exchange blocked'],
      ['info', { flow: { path: '' } }, 'exchange would be denied'],
    ]);
  });

  it('says how findings turn', () => {
    const { lines, finding } = logged();
    const blocked = aFinding({ action: 'block' });
    finding(aFinding(), null);
    finding(blocked, aFinding());
    finding(aFinding({ action: 'block', state: 'resolved' }), blocked);
    expect(lines.map(([level, , message]) => `${level} ${message}`)).toEqual([
      'warn finding',
      'warn finding: more is done about it',
      'info finding resolved',
    ]);
  });
});

describe('OcsfOutputSink', () => {
  it('writes a line that is an event of the schema, and nothing else', () => {
    const lines: string[] = [];
    const sink = new OcsfOutputSink((line) => void lines.push(line), REPORTER);
    sink.accept(exchangeEvent(deniedRecord()));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^\{.*\}\n$/);
    expect(violations(JSON.parse(lines[0] ?? ''))).toEqual([]);
  });
});
