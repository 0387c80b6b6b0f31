import type { Destination, Workload } from '@eastwall/policy';
import { expect, test } from 'vitest';
import { DURATION_BUCKETS_MS } from './traffic-cell.ts';
import { type Counted, destinationLabel, TrafficCells } from './traffic-cells.ts';

const caller = { namespace: 'shop', name: 'frontend' } as Workload;
const orders: Destination = {
  key: 'k',
  ip: '10.0.0.1',
  port: 80,
  services: [{ namespace: 'shop', service: 'orders', port: 80 }],
};
const counted: Counted = {
  protocol: 'http1',
  verdict: 'allow',
  outcome: 'ok',
  status: 200,
  durationMs: 3,
  bytesSent: 10,
  bytesReceived: 20,
};

test('exchanges of one kind add up, also over connections', () => {
  const cells = new TrafficCells();
  const group = cells.group(caller, orders);
  group.count(counted);
  group.count({ ...counted, status: 204, durationMs: 99_999 });
  cells.group(caller, orders).count(counted);
  const [cell, ...rest] = cells.drain();
  expect(rest).toEqual([]);
  expect(cell).toMatchObject({
    destination: 'shop/orders:80',
    exchanges: 3,
    bytesSent: 30,
    bytesReceived: 60,
    statusClass: '2xx',
  });
  expect(cell?.durations[DURATION_BUCKETS_MS.indexOf(5)]).toBe(2);
  expect(cell?.durations.at(-1)).toBe(1);
});

test('kinds are kept apart', () => {
  const cells = new TrafficCells();
  const group = cells.group(caller, orders);
  for (const other of [
    {},
    { status: 500 },
    { verdict: 'deny' },
    { outcome: 'timeout' },
    { protocol: 'opaque', status: 0 },
  ] as const)
    group.count({ ...counted, ...other });
  expect(cells.drain()).toHaveLength(5);
});

test('what was drained is not counted again', () => {
  const cells = new TrafficCells();
  const group = cells.group(caller, orders);
  group.count(counted);
  cells.drain();
  expect(cells.drain()).toEqual([]);
  group.count(counted);
  expect(cells.drain()).toMatchObject([{ exchanges: 1, durationSumMs: 3 }]);
});

test('a destination without a Service has one bounded name', () => {
  expect(destinationLabel({ ...orders, services: [] })).toBe('external');
});
