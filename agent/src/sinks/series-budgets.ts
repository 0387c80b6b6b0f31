import { Counter, type Registry } from 'prom-client';

/**
 * How many series each metric may have. Names come from the cluster, and a namespace that makes a thousand workloads an
 * hour must cost neither the agent's memory nor Prometheus. What had to be counted as `other` is counted.
 */
export class SeriesBudgets {
  readonly #maxSeries: number;
  readonly #overflow: Counter<'metric'>;

  constructor(registry: Registry, maxSeries: number) {
    this.#maxSeries = maxSeries;
    this.#overflow = new Counter({
      name: 'eastwall_series_overflow_total',
      help: 'Times that something was counted as `other`, since the metric has as many series as it may (`--max-series`)',
      labelNames: ['metric'],
      registers: [registry],
    });
  }

  /** For a metric that takes so many series per label set. */
  for(metric: string, seriesPerSet = 1): SeriesBudget {
    this.#overflow.inc({ metric }, 0);
    const limit = Math.max(1, Math.floor(this.#maxSeries / seriesPerSet));
    return new SeriesBudget(limit, () => this.#overflow.inc({ metric }));
  }
}

/** Label sets that one metric has. They stay: a counter that came and went would start from zero each time. */
export class SeriesBudget {
  readonly #limit: number;
  readonly #overflowed: () => void;
  readonly #known = new Set<string>();

  constructor(limit: number, overflowed: () => void) {
    this.#limit = limit;
    this.#overflowed = overflowed;
  }

  /** True when this label set may have its own series; false when it has to be counted as `other`. */
  admit(labels: readonly string[]): boolean {
    const key = labels.join('\n');
    if (this.#known.has(key)) return true;
    if (this.#known.size >= this.#limit) {
      this.#overflowed();
      return false;
    }
    this.#known.add(key);
    return true;
  }
}
