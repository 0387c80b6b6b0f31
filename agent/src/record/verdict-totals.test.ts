import type { Decision } from '@eastwall/policy';
import { expect, it } from 'vitest';
import { VerdictTotals } from './verdict-totals.ts';

const denied: Decision = {
  verdict: 'deny',
  reason: 'denied_by_rule',
  policy: 'shop/orders',
  rule: 'no-admin',
};
const byGuard: Decision = {
  verdict: 'deny',
  reason: 'blocked_by_guard',
  policy: null,
  rule: 'foreign-token',
};

it('adds up what says the same, also where the object is made for each request', () => {
  const totals = new VerdictTotals();
  totals.count(denied);
  totals.count({ ...denied });
  totals.count(byGuard);
  totals.count({ ...denied, rule: 'no-debug' });
  totals.count({ ...denied, policy: 'pay/orders' });
  expect(totals.drain()).toEqual([
    { ...denied, exchanges: 2 },
    { ...denied, rule: 'no-debug', exchanges: 1 },
    { ...byGuard, exchanges: 1 },
    { ...denied, policy: 'pay/orders', exchanges: 1 },
  ]);
  expect(totals.drain()).toEqual([]);
});

it('tells nothing of a decision but what it says', () => {
  const totals = new VerdictTotals();
  totals.count({ ...denied, limits: [] });
  expect(Object.keys(totals.drain()[0] ?? {})).toEqual(['policy', 'rule', 'reason', 'verdict', 'exchanges']);
});
