import { expect, test } from 'vitest';
import { UpstreamSockets } from './upstream-sockets.ts';

const setUp = () => {
  const asked: number[] = [];
  const given: (number | null)[] = [];
  const clock = { now: 0 };
  const sockets = new UpstreamSockets({ order: (count) => asked.push(count), now: () => clock.now });
  const take = (times = 1) => {
    for (let i = 0; i < times; i++) sockets.take({ dial: (fd) => given.push(fd) });
  };
  return { sockets, asked, given, take, clock };
};
const range = (from: number, count: number) => Array.from({ length: count }, (_, i) => from + i);

test('a pod that calls nobody has a small first batch only', () => {
  const { sockets, asked } = setUp();
  sockets.add(range(100, 8));
  expect(asked).toEqual([8]);
});

test('a socket from the shelf is handed over at once, and the next batch is ordered in time', () => {
  const { sockets, asked, given, take } = setUp();
  sockets.add(range(100, 8));
  take();
  expect(given).toEqual([107]);
  expect(asked).toEqual([8, 64]);
});

test('who comes to an empty shelf waits for the next batch, in order', () => {
  const { sockets, given, take } = setUp();
  take(3);
  expect(given).toEqual([]);
  sockets.add([5, 6]);
  expect(given).toEqual([5, 6]);
  sockets.add([7]);
  expect(given).toEqual([5, 6, 7]);
});

test('a rush orders as many batches as it needs', () => {
  const { asked, take } = setUp();
  take(200);
  expect(asked.reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(200);
  expect(asked.reduce((sum, count) => sum + count, 0)).toBeLessThan(400);
});

test('who orders often gets more at a time, until it orders less often', () => {
  const { sockets, asked, take, clock } = setUp();
  const usedUp = (afterMs: number) => {
    clock.now += afterMs;
    sockets.add(range(0, asked.at(-1) ?? 0));
    const orders = asked.length;
    while (asked.length === orders) take();
  };
  for (const afterMs of [0, 50, 50, 50, 500]) usedUp(afterMs);
  expect(asked.slice(1)).toEqual([64, 128, 192, 192, 64]);
});

test('when the pod goes, whoever waits is told', () => {
  const { sockets, given, take } = setUp();
  take();
  sockets.close();
  expect(given).toEqual([null]);
});

test('an order that is never filled is made again, and nobody waits for ever', () => {
  const { sockets, asked, given, take, clock } = setUp();
  take();
  expect(asked).toEqual([8, 64]);
  clock.now = 2_000;
  sockets.checkDeadlines();
  expect(asked).toEqual([8, 64, 64]);
  clock.now = 6_000;
  sockets.checkDeadlines();
  expect(given).toEqual([null]);
});
