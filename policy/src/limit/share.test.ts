import fc from 'fast-check';
import { expect, it } from 'vitest';
import { shareOf } from './share.ts';

it('shares add up to at most 1.25, and to 1 where demand is even', () => {
  const demands = fc.array(fc.nat(100_000), { minLength: 1, maxLength: 100 });
  fc.assert(
    fc.property(demands, (own) => {
      const total = own.reduce((sum, one) => sum + one, 0);
      const shares = own.map((one) => shareOf({ own: one, total, nodes: own.length }));
      const sum = shares.reduce((all, share) => all + share, 0);
      expect(sum).toBeGreaterThanOrEqual(0.999_999);
      expect(sum).toBeLessThanOrEqual(1.250_001);
    }),
  );
  expect(shareOf({ own: 5, total: 20, nodes: 4 })).toBe(0.25);
});

it('who knows nothing of the others takes an even part', () => {
  expect(shareOf({ own: 0, total: 0, nodes: 5 })).toBe(0.2);
  expect(shareOf({ own: 0, total: 0, nodes: 0 })).toBe(1);
});
