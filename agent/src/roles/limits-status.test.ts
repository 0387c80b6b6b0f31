import { expect, it } from 'vitest';
import type { LimitTotals } from '../record/limit-totals.ts';
import { limitsStatus } from './limits-status.ts';

const STORE = {
  kind: 'redis',
  address: 'redis://a:6379/0',
  problem: null,
  asks: 1,
  failedAsks: 0,
  slowestMs: 2,
} as const;
const spent = { leased: 10, ahead: 1, alone: 2, share: 3, open: 4, limited: 5, unavailable: 6, others: 7 };
const totals = (mode: LimitTotals['mode']): LimitTotals => ({
  mode,
  buckets: 3,
  spent,
  unverified: 1,
  cells: [],
});

it('adds up the dataplanes, and says when one of them has to do without the store', () => {
  expect(limitsStatus([totals('lease'), totals('share')], STORE)).toEqual({
    mode: 'share',
    store: STORE,
    buckets: 6,
    spent: { leased: 20, ahead: 2, alone: 4, share: 6, open: 8, limited: 10, unavailable: 12 },
    others: 14,
    unverified: 2,
  });
  expect(limitsStatus([], STORE)).toMatchObject({ mode: 'lease', buckets: 0, spent: { leased: 0 } });
});
