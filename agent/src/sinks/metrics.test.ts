import { DETECTION_IDS } from '@eastwall/policy';
import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { aFinding } from '../../testing/findings.ts';
import { noIdCounts } from '../../testing/id-counts.ts';
import { aUsage } from '../../testing/operation-usage.ts';
import { trafficCell } from '../../testing/traffic-cell.ts';
import type { Finding } from '../record/finding.ts';
import { Metrics } from './metrics.ts';
import { QUIET_MS } from './series-budgets.ts';

const MAX_SERIES = 1_000;
const MANY = 10_000;

function setUp(open: readonly Finding[] = []) {
  const registry = new Registry();
  const clock = { now: 0 };
  const metrics = new Metrics(registry, {
    maxSeries: MAX_SERIES,
    findings: { open },
    catalog: { size: 0, forgotten: 0 },
    monotonic: () => clock.now,
  });
  const samples = async () => (await registry.metrics()).split('\n').filter((line) => /^\w/.test(line));
  /** Of all label sets together. */
  const sum = async (start: string) =>
    (await samples())
      .filter((line) => line.startsWith(start))
      .reduce((total, line) => total + Number(line.slice(line.lastIndexOf(' '))), 0);
  return { metrics, samples, sum, clock };
}

const limits = { mode: 'lease', buckets: 0, unverified: 0 } as const;
const spent = {
  leased: 0,
  ahead: 0,
  alone: 0,
  share: 0,
  open: 0,
  limited: 0,
  unavailable: 0,
  others: 0,
};

/** A namespace that calls, and is called, without end: everything that comes from the cluster is different each time. */
function flood(metrics: Metrics, prefix = 'n'): void {
  const names = Array.from({ length: MANY }, (_, n) => `${prefix}${n}`);
  metrics.totals({
    cells: names.map((name) =>
      trafficCell({ callerNamespace: name, callerWorkload: name, destination: `${name}/${name}:80` }),
    ),
    verdicts: names.map((name) => ({
      policy: name,
      rule: name,
      reason: 'denied_by_rule' as const,
      verdict: 'deny' as const,
      exchanges: 1,
    })),
    limits: {
      ...limits,
      spent,
      cells: names.map((name) => ({ policy: name, limit: name, enforced: true, admitted: 1, refused: 1 })),
    },
  });
  metrics.usages(
    names.map((name) => aUsage({ service: name, template: `/${name}`, statuses: [0, 0, 1, 0, 0, 0] })),
  );
}

describe('with 10,000 of everything', () => {
  it('each metric has as many series as it may, and no more however long it goes on', async () => {
    const { metrics, samples } = setUp();
    flood(metrics);
    const lines = await samples();
    const byMetric = Object.groupBy(
      lines,
      (line) => /^\w+?(?=_bucket|_sum|_count|[{ ])/.exec(line)?.[0] ?? '',
    );
    const largest = Object.entries(byMetric).map(([name, all = []]) => [name, all.length] as const);
    // What overflows has a few series of its own: by verdict, direction, result, or the buckets of one histogram.
    for (const [name, count] of largest) expect([name, count <= MAX_SERIES + 16]).toEqual([name, true]);
    expect(largest.filter(([, count]) => count > MAX_SERIES / 2).map(([name]) => name)).toEqual([
      'eastwall_exchanges_total',
      'eastwall_bytes_total',
      'eastwall_exchange_duration_seconds',
      'eastwall_verdicts_total',
      'eastwall_limit_requests_total',
      'eastwall_operation_calls_total',
    ]);
    flood(metrics);
    expect((await samples()).length).toBe(lines.length);
  });

  it('nothing is lost: the rest is `other`, and how often that was is counted', async () => {
    const { metrics, samples, sum } = setUp();
    flood(metrics);
    expect(await sum('eastwall_exchanges_total')).toBe(4 * MANY);
    expect(await sum('eastwall_exchange_duration_seconds_count')).toBe(4 * MANY);
    expect(await sum('eastwall_verdicts_total')).toBe(MANY);
    expect(await sum('eastwall_operation_calls_total')).toBe(MANY);
    const rest = MANY - MAX_SERIES;
    const lines = await samples();
    expect(lines).toContain(
      `eastwall_verdicts_total{policy="other",rule="other",reason="other",verdict="deny"} ${rest}`,
    );
    expect(lines).toContain(
      `eastwall_operation_calls_total{destination="other",operation="other",status_class="2xx"} ${rest}`,
    );
    expect(lines).toContain(`eastwall_series_overflow_total{metric="eastwall_exchanges_total"} ${rest}`);
  });
});

describe('what was not counted for an hour', () => {
  const NEWS = [
    'exchanges_total',
    'bytes_total',
    'exchange_duration_seconds',
    'verdicts_total',
    'limit_requests_total',
  ];

  it('gives its place to what comes, and not before', async () => {
    const { metrics, samples, clock } = setUp();
    flood(metrics);
    const { length } = await samples();
    const named = async (name: string) =>
      (await samples()).filter((line) => line.includes(`"${name}`)).length;
    clock.now = QUIET_MS - 1;
    flood(metrics, 'late');
    expect(await named('late')).toBe(0);
    clock.now = QUIET_MS;
    flood(metrics, 'next');
    expect(await named('n0')).toBe(0);
    expect((await samples()).length).toBe(length);
    const next = (await samples()).filter((line) => line.includes('"next'));
    for (const metric of NEWS) expect(next.join('\n')).toContain(`eastwall_${metric}`);
  });

  it('stays as long as nobody needs its place, and what is in use stays anyhow', async () => {
    const { metrics, samples, clock } = setUp();
    metrics.totals({ cells: [trafficCell()], verdicts: [], limits: { ...limits, spent, cells: [] } });
    clock.now = 10 * QUIET_MS;
    const before = await samples();
    metrics.totals({ cells: [trafficCell()], verdicts: [], limits: { ...limits, spent, cells: [] } });
    expect((await samples()).length).toBe(before.length);
    flood(metrics);
    clock.now += QUIET_MS;
    metrics.totals({ cells: [trafficCell()], verdicts: [], limits: { ...limits, spent, cells: [] } });
    flood(metrics, 'next');
    const kept = (await samples()).find((line) =>
      line.startsWith('eastwall_exchanges_total{caller_namespace="shop"'),
    );
    expect(kept).toMatch(/ 12$/);
  });
});

describe('operations', () => {
  it('are counted by name and status, those of a scanner as one, and hosts outside not by name', async () => {
    const { metrics, samples } = setUp();
    const statuses = [0, 0, 5, 0, 2, 0];
    metrics.usages([
      aUsage({ statuses }),
      aUsage({ statuses, kind: 'probes', method: '', template: '' }),
      aUsage({ statuses, namespace: '', service: 'evil.example' }),
      aUsage({ statuses, kind: 'tls' }),
    ]);
    const lines = (await samples()).filter((line) => line.startsWith('eastwall_operation_calls_total'));
    expect(lines).toHaveLength(6);
    expect(lines.join('\n')).not.toContain('evil');
    const { namespace, service, port, method, template } = aUsage();
    const destination = `${namespace}/${service}:${port}`;
    const name = 'eastwall_operation_calls_total';
    expect(lines).toContain(
      `${name}{destination="${destination}",operation="${method} ${template}",status_class="4xx"} 2`,
    );
    expect(lines).toContain(`${name}{destination="${destination}",operation="probes",status_class="2xx"} 5`);
    expect(lines).toContain(`${name}{destination="external",operation="other",status_class="2xx"} 5`);
  });
});

describe('findings', () => {
  it('of every kind are counted from zero, and those that are open by the namespace of their caller', async () => {
    const finding = aFinding();
    const { metrics, samples, sum } = setUp([finding, finding]);
    const started = (await samples()).filter((line) => line.startsWith('eastwall_findings_total'));
    expect(started).toHaveLength(DETECTION_IDS.length);
    expect(await sum('eastwall_findings_total')).toBe(0);
    metrics.findings.began(finding);
    expect(await sum('eastwall_findings_total')).toBe(1);
    const { detection, severity, caller } = finding;
    expect(await samples()).toContain(
      `eastwall_findings_open{detection="${detection}",severity="${severity}",caller_namespace="${caller.namespace}"} 2`,
    );
  });
});

describe('ids', () => {
  it('say how far they are seen', async () => {
    const { metrics, samples } = setUp();
    const none = noIdCounts();
    const counts = {
      requestBodies: { ...none.requestBodies, busy: 2 },
      responseBodies: { ...none.responseBodies, read: 3 },
      shown: { ...none.shown, response: 5 },
      forgotten: { ...none.forgotten, callers: 7, credentials: 4 },
    };
    metrics.ids(counts);
    metrics.ids(counts);
    const lines = await samples();
    expect(lines).toContain('eastwall_bodies_total{direction="request",result="busy"} 4');
    expect(lines).toContain('eastwall_bodies_total{direction="response",result="read"} 6');
    expect(lines).toContain('eastwall_bodies_total{direction="response",result="encoding"} 0');
    expect(lines).toContain('eastwall_shown_ids_total{source="response"} 10');
    expect(lines).toContain('eastwall_enumeration_forgotten_total{what="callers"} 14');
    expect(lines).toContain('eastwall_credentials_forgotten_total 8');
  });
});
