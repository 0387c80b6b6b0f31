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
