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

it('is counted for many connections together while there is enough', () => {
  expect(fill(1_000_000, 10_000).counted).toBeLessThan(200);
});
