import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aFinding } from '../../testing/findings.ts';
import { deniedRecord, flowRecord } from '../../testing/flow-record.ts';
import { noIdCounts } from '../../testing/id-counts.ts';
import { aLearnedBaseline, aLearnedOperation, aLearnedProtocol } from '../../testing/learned.ts';
import { aUsage } from '../../testing/operation-usage.ts';
import { parseReport } from './dataplane-report.ts';

const cell = {
  callerNamespace: 'shop',
  callerWorkload: 'frontend',
  destination: 'shop/orders:80',
  protocol: 'http1',
  verdict: 'allow',
  outcome: 'ok',
  statusClass: '2xx',
  exchanges: 1,
  bytesSent: 1,
  bytesReceived: 1,
  durations: [1],
  durationSumMs: 0.5,
};
const verdict = {
  policy: 'shop/orders',
  rule: null,
  reason: 'no_rule_allows',
  verdict: 'deny',
  exchanges: 2,
};
const totals = {
  cells: [cell],
  verdicts: [verdict, { ...verdict, policy: null, rule: 'foreign-token' }],
  openConnections: 1,
  heldConnections: 0,
  recordsDropped: 0,
  loopLagMs: 1.5,
  rssBytes: 9,
  cpuSeconds: 0.25,
  partlyKnown: ['shop/Deployment/orders'],
  askedUnseen: ['shop/Deployment/frontend'],
  ids: noIdCounts(),
  limits: {
    mode: 'lease',
    buckets: 1,
    spent: { leased: 1, ahead: 0, alone: 0, share: 0, open: 0, limited: 2, unavailable: 0, others: 0 },
    unverified: 0,
    cells: [{ policy: 'shop/orders', limit: 'read', enforced: true, admitted: 1, refused: 2 }],
  },
};
const leaseAsk = {
  bucket: 1,
  key: 'api:shop/orders:read/0|All|all',
  rate: { tokens: 100, windowUs: 1_000_000, burst: 100 },
  want: 7,
  least: 1,
  owed: -3,
  local: 0,
  arrived: 12,
  period: 5,
  tat: 1_700_000_000_000_000,
};
const valid: Record<string, unknown>[] = [
  { kind: 'ready', pid: 42 },
  { kind: 'need-sockets', ns: 3, direction: 'inbound', family: 6, count: 64 },
  { kind: 'inbound-wanted', ns: 3, wanted: true },
  { kind: 'inbound-wanted', ns: 3, wanted: 'later' },
  { kind: 'records', records: [deniedRecord(), flowRecord({ caller: null })], dropped: 2 },
  { kind: 'totals', totals },
  {
    kind: 'findings',
    findings: [
      aFinding(),
      aFinding({
        sequence: { unit: 'ids', stepMs: 1, values: [1], marked: [0], baseline: 1, threshold: 2 },
      }),
    ],
    dropped: 1,
  },
  { kind: 'quarantine', uid: 'u-1', detection: 'foreign-token' },
  {
    kind: 'catalog',
    moves: [
      {
        namespace: 'shop',
        service: 'zoo',
        port: 80,
        from: { kind: 'operation', method: 'GET', name: '', template: '/zoo/ant' },
        to: { kind: 'operation', method: 'GET', name: '', template: '/zoo/{zooId}' },
      },
    ],
    usages: [aUsage()],
    forgotten: 3,
  },
  { kind: 'lease-asks', asks: [leaseAsk] },
  {
    kind: 'news',
    shown: [{ workload: 'shop/Deployment/orders', ids: 'RUlEMQ==' }],
    uses: [{ fingerprint: 'abc', workload: 'shop/orders' }],
    dropped: 1,
    refused: 2,
  },
  {
    kind: 'learned',
    learned: [aLearnedOperation(), aLearnedProtocol(), aLearnedBaseline()],
    first: true,
    last: false,
  },
  { kind: 'drained' },
];

/** Every way to replace one value, at any depth, by something of another kind. */
function* spoiled(value: unknown): Generator<unknown> {
  yield Symbol.iterator;
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    for (const bad of spoiled(inner)) {
      yield Array.isArray(value)
        ? value.map((item, at) => (`${at}` === key ? bad : item))
        : { ...value, [key]: bad };
    }
  }
}

describe('parseReport', () => {
  it('takes what the contract says', () => {
    for (const message of valid) expect(parseReport(message)).toEqual(message);
  });

  it('refuses a message with any one value of the wrong kind', () => {
    for (const message of valid) {
      for (const bad of spoiled(message)) expect(parseReport(bad), JSON.stringify(bad)).toBeNull();
    }
  });

  it.each([
    { kind: 'need-sockets', ns: 1, direction: 'sideways', family: 4, count: 1 },
    { kind: 'need-sockets', ns: -1, direction: 'outbound', family: 4, count: 1 },
    { kind: 'need-sockets', ns: 1, direction: 'outbound', family: 5, count: 1 },
    { kind: 'need-sockets', ns: 1, direction: 'outbound', family: 4, count: 1e9 },
    { kind: 'need-sockets', ns: 1.5, direction: 'outbound', family: 4, count: 1 },
    { kind: 'totals', totals: { ...totals, ids: { ...noIdCounts(), shown: {} } } },
    { kind: 'totals', totals: { ...totals, rssBytes: Number.NaN } },
    { kind: 'totals', totals: { ...totals, cpuSeconds: -1 } },
    { kind: 'totals', totals: { ...totals, verdicts: [{ ...verdict, policy: 1 }] } },
    { kind: 'totals', totals: { ...totals, verdicts: [{ ...verdict, exchanges: 0.5 }] } },
    { kind: 'catalog', moves: [], usages: [aUsage({ statuses: [1, 2] })], forgotten: 0 },
    { kind: 'catalog', moves: [], usages: [aUsage({ template: 'x'.repeat(10_000) })], forgotten: 0 },
    {
      kind: 'catalog',
      moves: [],
      usages: [aUsage({ callers: Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`c${i}`, 1])) })],
      forgotten: 0,
    },
    { kind: 'records', records: [], dropped: -1 },
    { kind: 'lease-asks', asks: Array.from({ length: 513 }, () => leaseAsk) },
    { kind: 'lease-asks', asks: [{ ...leaseAsk, key: 'k'.repeat(3_000) }] },
    { kind: 'lease-asks', asks: [{ ...leaseAsk, least: 0 }] },
    { kind: 'lease-asks', asks: [{ ...leaseAsk, arrived: 1e12 }] },
    { kind: 'lease-asks', asks: [{ ...leaseAsk, rate: { ...leaseAsk.rate, windowUs: 0 } }] },
    {
      kind: 'news',
      shown: [{ workload: 'a/b/c', ids: 'A'.repeat(20_000) }],
      uses: [],
      dropped: 0,
      refused: 0,
    },
    { kind: 'settings' },
  ])('refuses %j', (message) => {
    expect(parseReport(message)).toBeNull();
  });

  it('never throws, whatever it is given', () => {
    fc.assert(fc.property(fc.anything(), (message) => parseReport(message) === null));
  });

  it('keeps the beginning of a text that a caller made very long', () => {
    const long = flowRecord({ path: `/${'p'.repeat(60_000)}` });
    const report = parseReport({ kind: 'records', records: [long], dropped: 0 });
    const path = report?.kind === 'records' ? report.records[0]?.path : undefined;
    expect(path).toBe(`/${'p'.repeat(1_023)}…`);
  });
});
