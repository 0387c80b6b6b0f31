import type { BookCounts } from '@eastwall/policy';

/** What one limit did in a while. */
export interface LimitCell {
  /** `namespace/name` */
  readonly policy: string;
  readonly limit: string;
  /** False in Audit, where nothing is refused that would be. */
  readonly enforced: boolean;
  admitted: number;
  refused: number;
}

/** The limits of one dataplane. */
export interface LimitTotals {
  readonly mode: 'lease' | 'share';
  readonly buckets: number;
  /** Since the process began. */
  readonly spent: BookCounts;
  /** Requests that a limit by principal counted for their workload, since the process began. */
  readonly unverified: number;
  /** Since the totals before. */
  readonly cells: readonly LimitCell[];
}

/** What processes that have ended had counted, in the form of one that holds nothing any more. */
export function addEnded(before: LimitTotals | null, { spent, unverified }: LimitTotals): LimitTotals {
  const names = Object.keys(spent) as (keyof BookCounts)[];
  const sums = names.map((name) => [name, spent[name] + (before?.spent[name] ?? 0)] as const);
  return {
    mode: 'lease',
    buckets: 0,
    spent: Object.fromEntries(sums) as Record<keyof BookCounts, number>,
    unverified: unverified + (before?.unverified ?? 0),
    cells: [],
  };
}
