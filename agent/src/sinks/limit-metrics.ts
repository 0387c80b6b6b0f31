import type { Registry } from 'prom-client';
import type { LimitCell } from '../record/limit-totals.ts';
import { BoundedCounter } from './bounded-counter.ts';
import type { SeriesBudgets } from './series-budgets.ts';

/** How often each limit had room and how often not. */
export class LimitMetrics {
  readonly #requests: BoundedCounter<'policy' | 'limit' | 'result'>;

  constructor(registry: Registry, budgets: SeriesBudgets) {
    this.#requests = new BoundedCounter<'policy' | 'limit' | 'result'>(registry, budgets, {
      name: 'eastwall_limit_requests_total',
      help: 'Requests by limit: admitted, refused, or (in Audit) would_refuse',
      labels: ['policy', 'limit', 'result'],
      kept: { result: new Set(['admitted', 'refused', 'would_refuse']) },
    });
  }

  add(cells: readonly LimitCell[]): void {
    for (const { policy, limit, enforced, admitted, refused } of cells) {
      this.#requests.inc({ policy, limit, result: 'admitted' }, admitted);
      this.#requests.inc({ policy, limit, result: enforced ? 'refused' : 'would_refuse' }, refused);
    }
  }
}
