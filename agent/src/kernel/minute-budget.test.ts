import { expect, test } from 'vitest';
import { MinuteBudget } from './minute-budget.ts';

test('so many in a minute, then none until the next', () => {
  const budget = new MinuteBudget(2);
  expect([0, 1, 2, 59_999, 60_000, 60_001, 60_002].map((now) => budget.spend(now))).toEqual([
    true,
    true,
    false,
    false,
    true,
    true,
    false,
  ]);
});
