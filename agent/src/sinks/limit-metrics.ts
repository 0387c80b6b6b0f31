import { Counter, type Registry } from 'prom-client';
import type { LimitCell } from '../record/limit-totals.ts';
import { SeriesBudget } from './series-budget.ts';

const LABELS = ['policy', 'limit', 'result'] as const;
const OTHER = 'other';

/** How often each limit had room and how often not. */
export class LimitMetrics {
  readonly #requests: Counter<(typeof LABELS)[number]>;
  readonly #budget: SeriesBudget;

  constructor(registry: Registry, maxSeries: number) {
    this.#requests = new Counter({
      name: 'eastwall_limit_requests_total',
      help: 'Requests by limit: admitted, refused, or (in Audit) would_refuse',
      labelNames: [...LABELS],
      registers: [registry],
    });
    this.#budget = new SeriesBudget(maxSeries);
  }

  add(cells: readonly LimitCell[]): void {
    for (const { policy, limit, enforced, admitted, refused } of cells) {
      this.#inc(policy, limit, 'admitted', admitted);
      this.#inc(policy, limit, enforced ? 'refused' : 'would_refuse', refused);
    }
  }

  /** What became of requests survives the overflow of names. */
  #inc(policy: string, limit: string, result: string, count: number): void {
    if (count === 0) return;
    const admitted = this.#budget.admit([policy, limit, result]);
    this.#requests.inc(admitted ? { policy, limit, result } : { policy: OTHER, limit: OTHER, result }, count);
  }
}
