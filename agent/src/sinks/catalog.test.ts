import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { aUsage } from '../../testing/operation-usage.ts';
import type { OperationMove } from '../record/operation-usage.ts';
import { Catalog } from './catalog.ts';
import { registerCatalogMetrics } from './catalog-metrics.ts';

const delta = (changes: object) => ({ moves: [], usages: [], forgotten: 0, ...changes });

function move(from: string, to: string): OperationMove {
  const name = { kind: 'operation', method: 'GET', name: '' } as const;
  const { namespace, service, port } = aUsage();
  return { namespace, service, port, from: { ...name, template: from }, to: { ...name, template: to } };
}

test('counts go with an operation that reads differently now', () => {
  const catalog = new Catalog(10);
  catalog.add(
    0,
    delta({ usages: [aUsage({ template: '/zoo/ant' }), aUsage({ template: '/zoo/bee', calls: 4 })] }),
  );
  catalog.add(0, delta({ moves: [move('/zoo/ant', '/zoo/{zooId}'), move('/zoo/bee', '/zoo/{zooId}')] }));
  catalog.add(
    0,
    delta({ moves: [move('/unknown', '/elsewhere')], usages: [aUsage({ template: '/zoo/{zooId}' })] }),
  );
  expect(catalog.usages).toMatchObject([{ template: '/zoo/{zooId}', calls: 6 }]);
});

test('there is only so much room: what was seen longest ago goes, and is counted', () => {
  const catalog = new Catalog(16);
  for (let i = 0; i < 100; i++)
    catalog.add(
      0,
      delta({ usages: [aUsage({ template: `/${i}`, lastSeen: i })], forgotten: i === 0 ? 5 : 0 }),
    );
  expect(catalog.size).toBeLessThanOrEqual(16);
  expect(catalog.forgotten).toBe(5 + 100 - catalog.size);
  expect(catalog.usages.map(({ template }) => template)).toContain('/99');
});

test('how full it is can be measured', async () => {
  const [catalog, registry] = [new Catalog(10), new Registry()];
  registerCatalogMetrics(registry, catalog);
  catalog.add(0, delta({ usages: [aUsage()], forgotten: 2 }));
  for (let i = 0; i < 2; i++) {
    const text = await registry.metrics();
    expect(text).toContain('eastwall_catalog_operations 1\n');
    expect(text).toContain('eastwall_catalog_forgotten_total 2\n');
  }
});
