import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { trafficCell as cell } from '../../testing/traffic-cell.ts';
import type { TrafficCell } from '../record/traffic-cell.ts';
import { SeriesBudgets } from './series-budgets.ts';
import { TrafficMetrics } from './traffic-metrics.ts';

async function exposition(maxSeries: number, ...batches: TrafficCell[][]): Promise<string[]> {
  const registry = new Registry();
  const metrics = new TrafficMetrics(registry, new SeriesBudgets(registry, maxSeries, () => 0));
  for (const batch of batches) metrics.add(batch);
  return (await registry.metrics()).split('\n');
}

describe('TrafficMetrics', () => {
  it('adds the deltas of all dataplanes up', async () => {
    const lines = await exposition(10, [cell()], [cell()]);
    const who = 'caller_namespace="shop",caller_workload="frontend",destination="shop/orders:80"';
    expect(lines).toContain(
      `eastwall_exchanges_total{${who},protocol="http1",verdict="allow",outcome="ok",status_class="2xx"} 8`,
    );
    expect(lines).toContain(`eastwall_bytes_total{${who},direction="received"} 1800`);
  });

  it('shows durations as a cumulative histogram in seconds', async () => {
    const lines = await exposition(10, [cell()]);
    const name = 'eastwall_exchange_duration_seconds';
    const labels = 'destination="shop/orders:80",protocol="http1"';
    expect(lines).toContain(`# TYPE ${name} histogram`);
    expect(lines).toContain(`${name}_bucket{${labels},le="0.001"} 0`);
    expect(lines).toContain(`${name}_bucket{${labels},le="0.0025"} 3`);
    expect(lines).toContain(`${name}_bucket{${labels},le="10"} 3`);
    expect(lines).toContain(`${name}_bucket{${labels},le="+Inf"} 4`);
    expect(lines).toContain(`${name}_sum{${labels}} 20.006`);
    expect(lines).toContain(`${name}_count{${labels}} 4`);
  });

  it('counts what is over the bound as `other`, keeping verdict and direction', async () => {
    const strangers = Array.from({ length: 50 }, (_, n) =>
      cell({ callerWorkload: `w${n}`, destination: `d${n}`, verdict: n % 2 === 0 ? 'deny' : 'allow' }),
    );
    const lines = await exposition(4, strangers);
    const series = lines.filter((line) => line.startsWith('eastwall_exchanges_total{'));
    expect(series).toHaveLength(4 + 2);
    const other = (verdict: string) =>
      `eastwall_exchanges_total{caller_namespace="other",caller_workload="other",destination="other",protocol="other",verdict="${verdict}",outcome="other",status_class="other"}`;
    expect(lines).toContain(`${other('deny')} ${23 * 4}`);
    expect(lines).toContain(`${other('allow')} ${23 * 4}`);
  });

  it('has no more overflow series than verdicts, whatever a dataplane sends', async () => {
    const odd = Array.from({ length: 20 }, (_, n) => cell({ verdict: `v${n}`, protocol: `p${n}` }));
    const lines = await exposition(1, odd);
    expect(lines.filter((line) => line.startsWith('eastwall_exchanges_total{'))).toHaveLength(2);
  });
});
