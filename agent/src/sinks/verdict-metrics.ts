import type { Registry } from 'prom-client';
import type { VerdictCell } from '../record/verdict-totals.ts';
import { BoundedCounter } from './bounded-counter.ts';
import type { SeriesBudgets } from './series-budgets.ts';
import { VERDICTS } from './traffic-metrics.ts';

const NONE = 'none';

/** What decided how often. */
export class VerdictMetrics {
  readonly #verdicts: BoundedCounter<'policy' | 'rule' | 'reason' | 'verdict'>;

  constructor(registry: Registry, budgets: SeriesBudgets) {
    this.#verdicts = new BoundedCounter<'policy' | 'rule' | 'reason' | 'verdict'>(registry, budgets, {
      name: 'eastwall_verdicts_total',
      help: 'Exchanges by what decided about them; where a guard did, `rule` is the detection',
      labels: ['policy', 'rule', 'reason', 'verdict'],
      kept: { verdict: VERDICTS },
    });
  }

  add(cells: readonly VerdictCell[]): void {
    for (const { policy, rule, reason, verdict, exchanges } of cells)
      this.#verdicts.inc({ policy: policy ?? NONE, rule: rule ?? NONE, reason, verdict }, exchanges);
  }
}
