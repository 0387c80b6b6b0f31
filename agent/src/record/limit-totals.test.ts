import { expect, it } from 'vitest';
import { addEnded } from './limit-totals.ts';

const spent = { leased: 10, ahead: 1, alone: 2, share: 3, open: 4, limited: 5, unavailable: 6, others: 7 };

it('keeps what processes have counted that have ended, and nothing of what they held', () => {
  const last = { mode: 'share', buckets: 3, spent, unverified: 1, cells: [] } as const;
  expect(addEnded(null, last)).toEqual({ ...last, mode: 'lease', buckets: 0 });
  const twice = addEnded(addEnded(null, last), last);
  expect(twice).toMatchObject({ unverified: 2, spent: { leased: 20, ahead: 2, others: 14 } });
});
