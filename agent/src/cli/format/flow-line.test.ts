import { describe, expect, it } from 'vitest';
import { deniedRecord, flowRecord } from '../../../testing/flow-record.ts';
import { ansi, plain } from './colour.ts';
import { FlowLines } from './flow-line.ts';

const time = new Date(2026, 0, 31, 12, 30, 1, 123).getTime();
const line = (record: Parameters<FlowLines['format']>[0]) => new FlowLines(plain).format(record);

describe('FlowLines', () => {
  it('shows who called what, what came of it and why', () => {
    expect(
      line(deniedRecord({ time, id: 'ew-a1', path: '/invoices/7', rule: 'no-ci', reason: 'denied_by_rule' })),
    ).toBe(
      '12:30:01.123  DENY   shop/frontend → shop/orders:80    GET /invoices/7       403  denied_by_rule  policy shop/orders, rule no-ci  ew-a1',
    );
    expect(line(flowRecord({ time, id: 'ew-b2' }))).toBe(
      '12:30:01.123  ALLOW  shop/frontend → shop/orders:80    GET /orders/7         200  3.0ms  ew-b2',
    );
  });

  it('has more columns where they are asked for', () => {
    const { destination } = flowRecord();
    const wide = new FlowLines(plain, true);
    const pod = flowRecord().caller?.pod;
    expect(wide.format(deniedRecord({ id: 'ew-a1' }))).toContain(`  ew-a1  pod ${pod} on `);
    expect(wide.format(flowRecord({ destination: { ...destination, ip: 'fd00::1', port: 80 } }))).toMatch(
      / {2}\[fd00::1\]:80 {2}3\.0ms {2}120B sent, 4\.0KiB received$/,
    );
    expect(wide.format(flowRecord({ caller: null }))).toContain('  pod - on ');
  });

  it.each([
    [
      flowRecord({ verdict: 'would-deny', reason: 'no_rule_allows' }),
      / {2}AUDIT {2}.* {2}200 {2}no_rule_allows {2}/,
    ],
    [
      flowRecord({ outcome: 'malformed_request', reason: 'bare_lf', status: 400 }),
      / {2}BAD {2}.*malformed_request: bare_lf/,
    ],
    [
      flowRecord({ outcome: 'upstream_unreachable', status: 0 }),
      / {2}FAIL {2}.* {2}- {4}upstream_unreachable {2}ew-1$/,
    ],
    [flowRecord({ caller: null, outcome: 'identity_unknown' }), / {2}DENY {3}unknown → .*identity_unknown/],
    [
      flowRecord({ protocol: 'opaque', method: '', path: '', status: 0 }),
      /opaque 120B sent, 4\.0KiB received/,
    ],
  ])('labels what is not plain %#', (record, expected) => {
    expect(line(record)).toMatch(expected);
  });

  it('keeps columns aligned once they have grown, within bounds', () => {
    const lines = new FlowLines(plain);
    const at = (text: string) => text.indexOf('  200  ');
    const long = lines.format(flowRecord({ path: `/${'a'.repeat(30)}` }));
    expect(at(lines.format(flowRecord({ path: '/a' })))).toBe(at(long));
    lines.format(flowRecord({ path: `/${'a'.repeat(500)}` }));
    expect(lines.format(flowRecord({ path: '/a' })).length).toBeLessThan(160);
  });

  it('colours the verdict and nothing a caller wrote', () => {
    const text = new FlowLines(ansi).format(deniedRecord({ path: '/\u001b[32mok' }));
    expect(text).toContain('\u001b[31mDENY \u001b[0m');
    expect(text).toContain('/\\x1b[32mok');
  });
});
