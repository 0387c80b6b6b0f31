import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { allMetrics, metricsPage } from './metrics-reference.ts';

it('is what `node scripts/generate-metrics.ts` has written', () => {
  const path = new URL('../../../docs/reference/metrics.md', import.meta.url);
  expect(readFileSync(path, 'utf8')).toBe(metricsPage());
});

/** https://prometheus.io/docs/practices/naming/ */
it('names metrics as Prometheus wants them', () => {
  const counters = allMetrics().filter(({ type }) => type === 'counter');
  const others = allMetrics().filter(({ type }) => type !== 'counter');
  expect(counters.length).toBeGreaterThan(10);
  expect(counters.filter(({ name }) => !name.endsWith('_total'))).toEqual([]);
  expect(others.filter(({ name }) => name.endsWith('_total'))).toEqual([]);
  expect(allMetrics().filter(({ name }) => !/^(eastwall|process)(_[a-z]+)+$/.test(name))).toEqual([]);
  expect(allMetrics().filter(({ name }) => /_(ms|millis|minutes|kib|mib|percent)(_|$)/.test(name))).toEqual(
    [],
  );
});

it('explains each metric and each label, and gives no label that a scraper gives the agent', () => {
  const page = metricsPage();
  for (const { name, help } of allMetrics()) expect([name, help.length > 15]).toEqual([name, true]);
  const labels = new Set(allMetrics().flatMap((metric) => metric.labels));
  expect(
    ['namespace', 'pod', 'node', 'instance', 'job', 'container'].filter((name) => labels.has(name)),
  ).toEqual([]);
  expect(page).toContain('`caller_namespace`');
});
