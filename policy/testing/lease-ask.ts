import type { LeaseAsk } from '../src/limit/lease.ts';

/** An ask of a process that owes nothing and has heard of nothing. */
export const leaseAsk = (
  about: Pick<LeaseAsk, 'bucket' | 'key' | 'rate' | 'want' | 'arrived'> & Partial<LeaseAsk>,
): LeaseAsk => ({
  least: 1,
  owed: 0,
  local: 0,
  late: 0,
  away: 0,
  drained: 0,
  period: 0,
  tat: 0,
  ...about,
});
