import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { LimitMetrics } from './limit-metrics.ts';
import { SeriesBudgets } from './series-budgets.ts';

const cell = (limit: string, enforced = true) => ({
  policy: 'shop/orders',
  limit,
  enforced,
  admitted: 5,
  refused: 2,
});

it('counts by limit and by what became of requests', async () => {
  const registry = new Registry();
  const metrics = new LimitMetrics(registry, new SeriesBudgets(registry, 10, () => 0));
  metrics.add([cell('reads'), cell('writes', false)]);
  metrics.add([cell('reads')]);
  const text = await registry.metrics();
  expect(text).toContain('{policy="shop/orders",limit="reads",result="admitted"} 10');
  expect(text).toContain('{policy="shop/orders",limit="reads",result="refused"} 4');
  expect(text).toContain('{policy="shop/orders",limit="writes",result="would_refuse"} 2');
});

it('has a bounded number of series, and loses no refusal', async () => {
  const registry = new Registry();
  const metrics = new LimitMetrics(registry, new SeriesBudgets(registry, 2, () => 0));
  for (let i = 0; i < 100; i++) metrics.add([cell(`limit-${i}`)]);
  const text = await registry.metrics();
  expect(text.match(/^eastwall_limit_requests_total\{/gm)).toHaveLength(4);
  expect(text).toContain('{policy="other",limit="other",result="refused"} 198');
});
