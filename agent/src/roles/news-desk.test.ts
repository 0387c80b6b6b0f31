import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import type { News } from '../record/news.ts';
import { NewsMetrics } from '../sinks/news-metrics.ts';
import { NewsDesk } from './news-desk.ts';

const news: News = { shown: [], uses: [{ fingerprint: 'abc', workload: 'shop/orders' }] };

function setUp() {
  const registry = new Registry();
  const told: unknown[] = [];
  const published: News[] = [];
  const desk = new NewsDesk({
    tell: (one, from) => told.push([one, from]),
    publish: (one) => published.push(one),
    metrics: new NewsMetrics(registry),
  });
  return { registry, told, published, desk };
}

test('what a dataplane says goes to the others and to other nodes', () => {
  const { desk, told, published } = setUp();
  desk.told({ kind: 'news', ...news, dropped: 0, refused: 0 }, 1);
  expect(told).toEqual([[news, 1]]);
  expect(published).toEqual([news]);
});

test('what another node says goes to all dataplanes, and not back', () => {
  const { desk, told, published } = setUp();
  desk.heard(news);
  expect(told).toEqual([[news, null]]);
  expect(published).toEqual([]);
});

test('counts without news go nowhere but into the metrics', async () => {
  const { desk, told, published, registry } = setUp();
  desk.told({ kind: 'news', shown: [], uses: [], dropped: 3, refused: 4 }, 0);
  expect([told, published]).toEqual([[], []]);
  const metrics = await registry.metrics();
  expect(metrics).toContain('eastwall_news_total{result="dropped"} 3');
  expect(metrics).toContain('eastwall_news_total{result="refused"} 4');
});
