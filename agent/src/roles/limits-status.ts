import { LIMIT_SPENDINGS, type LimitSpending, type LimitsStatus } from '../admin/agent-status.ts';
import type { LimitTotals } from '../record/limit-totals.ts';
import type { StoreStatus } from '../store/lease-store.ts';

/** The limits of all dataplanes together, with what those that have ended had counted. */
export function limitsStatus(totals: readonly LimitTotals[], store: StoreStatus): LimitsStatus {
  const sum = (value: (one: LimitTotals) => number) => totals.reduce((all, one) => all + value(one), 0);
  const spent = LIMIT_SPENDINGS.map((name) => [name, sum((one) => one.spent[name])] as const);
  return {
    mode: totals.some(({ mode }) => mode === 'share') ? 'share' : 'lease',
    store,
    buckets: sum(({ buckets }) => buckets),
    spent: Object.fromEntries(spent) as Record<LimitSpending, number>,
    others: sum((one) => one.spent.others),
    unverified: sum(({ unverified }) => unverified),
  };
}
