import { expect, it } from 'vitest';
import { Room } from './room.ts';

/** What is used grows with every connection that gets in; nobody leaves. */
function fill(maxDescriptors: number, maxConnections: number): { connections: number; counted: number } {
  let connections = 0;
  let counted = 0;
  const room = new Room({
    maxDescriptors,
    maxConnections,
    used: () => {
      counted++;
      return { descriptors: 2 * connections, connections };
    },
  });
  while (room.take()) connections++;
  return { connections, counted };
}

it.each([
  [10, 1_000, 5],
  [11, 1_000, 6],
  [1_000_000, 0, 0],
  [1_000_000, 1, 1],
  [1_000_000, 777, 777],
  [2_000, 1_000_000, 1_000],
])('with %i descriptors and %i connections at most, %i get in', (descriptors, most, expected) => {
  expect(fill(descriptors, most).connections).toBe(expected);
});

it.each([
  [1, 750],
  [3, 300],
  [9, 107],
])('%i who want all that there is leave a third of what each of them has', (greedy, each) => {
  const own = new Array<number>(greedy).fill(0);
  const connections = () => own.reduce((sum, count) => sum + count, 0);
  const used = () => ({ descriptors: 2 * connections(), connections: connections() });
  const room = new Room({ maxDescriptors: 1_000_000, maxConnections: 1_000, used });
  for (let turn = 0; turn < 5_000; turn++)
    if (room.take(own[turn % greedy])) own[turn % greedy] = (own[turn % greedy] ?? 0) + 1;
  for (const count of own) expect(Math.abs(count - each)).toBeLessThanOrEqual(64);
  expect(room.take(0)).toBe(true);
});

it('is there again for whoever was refused, once others have left', () => {
  let connections = 10;
  const used = () => ({ descriptors: 0, connections });
  const room = new Room({ maxDescriptors: 1_000, maxConnections: 10, used });
  expect(room.take(5)).toBe(false);
  connections = 7;
  expect(room.take(5)).toBe(true);
});

it('is said to be crowded from half on, and at most once for each time that it is counted', () => {
  let connections = 0;
  let counted = 0;
  const room = new Room({
    maxDescriptors: 1_000_000,
    maxConnections: 1_000,
    used: () => {
      counted++;
      return { descriptors: 0, connections };
    },
  });
  const at: number[] = [];
  while (room.take()) {
    connections++;
    if (room.takeCrowded()) at.push(connections);
  }
  expect(Math.abs((at[0] ?? 0) - 500)).toBeLessThanOrEqual(64);
  expect(at.length).toBeGreaterThan(3);
  expect(at.length).toBeLessThanOrEqual(counted);
  connections = 10;
  room.take();
  expect(room.takeCrowded()).toBe(false);
});

it('is counted for many connections together while there is enough', () => {
  expect(fill(1_000_000, 10_000).counted).toBeLessThan(200);
});
