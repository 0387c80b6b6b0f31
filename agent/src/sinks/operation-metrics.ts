import type { Registry } from 'prom-client';
import { type OperationUsage, placeKey } from '../record/operation-usage.ts';
import { BoundedCounter, OTHER } from './bounded-counter.ts';
import type { SeriesBudgets } from './series-budgets.ts';

/** Characters of an operation's name that are kept: templates may be as long as a head. */
const MAX_NAME = 200;
/** In the order of a usage's `statuses`. */
const STATUS_CLASSES = ['none', '1xx', '2xx', '3xx', '4xx', '5xx'] as const;

/**
 * Calls by operation. What an operation is has been learnt from callers, but only from calls that somebody answered, and
 * the number of series is bounded. Hosts outside of the cluster are no labels: a caller makes them up as it likes.
 */
export class OperationMetrics {
  readonly #calls: BoundedCounter<'destination' | 'operation' | 'status_class'>;

  constructor(registry: Registry, budgets: SeriesBudgets) {
    this.#calls = new BoundedCounter<'destination' | 'operation' | 'status_class'>(registry, budgets, {
      name: 'eastwall_operation_calls_total',
      help: 'Calls by operation of a Service, as learnt from traffic; `probes` showed none, as those of a scanner',
      labels: ['destination', 'operation', 'status_class'],
      kept: { status_class: new Set(STATUS_CLASSES) },
    });
  }

  add(usages: readonly OperationUsage[]): void {
    for (const usage of usages) {
      if (usage.kind === 'tls') continue;
      const inside = usage.namespace !== '';
      const destination = inside ? placeKey(usage) : 'external';
      const operation = inside ? operationLabel(usage) : OTHER;
      for (const [at, status_class] of STATUS_CLASSES.entries())
        this.#calls.inc({ destination, operation, status_class }, usage.statuses[at] ?? 0);
    }
  }
}

/** `GET /orders/{orderId}`, `query Orders`, or `probes`. */
function operationLabel({ kind, method, name, template }: OperationUsage): string {
  if (kind === 'probes') return kind;
  return [method, template, name]
    .filter((part) => part !== '')
    .join(' ')
    .slice(0, MAX_NAME);
}
