import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Backoff } from './backoff.ts';

test('doubles to the limit, and starts again after a reset', () => {
  const backoff = new Backoff({ firstMs: 100, maxMs: 350, random: () => 1 });
  expect([backoff.next(), backoff.next(), backoff.next(), backoff.next()]).toEqual([100, 200, 350, 350]);
  backoff.reset();
  expect(backoff.next()).toBe(100);
});

test('waits between half and all of each step', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (random) => {
      const backoff = new Backoff({ firstMs: 100, maxMs: 400, random: () => random });
      for (const step of [100, 200, 400, 400]) {
        const wait = backoff.next();
        expect(wait).toBeGreaterThanOrEqual(step / 2);
        expect(wait).toBeLessThanOrEqual(step);
      }
    }),
  );
});
