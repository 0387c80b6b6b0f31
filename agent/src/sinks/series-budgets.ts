import { Counter, type Registry } from 'prom-client';

/**
 * How long nothing may have been counted until a label set gives its place to another one: as far as rules and dashboards look
 * back. Until somebody needs the place it stays, since a counter that comes again starts from zero.
 */
export const QUIET_MS = 60 * 60_000;

export interface BudgetOptions {
  /** Series that each label set takes. */
  readonly seriesPerSet?: number;
  /** Takes the series of a label set out of the metric. */
  readonly forget: (labels: readonly string[]) => void;
}

/**
 * How many series each metric may have. Names come from the cluster, and a namespace that makes a thousand workloads an
 * hour must cost neither the agent's memory nor Prometheus. What had to be counted as `other` is counted.
 */
export class SeriesBudgets {
  readonly #maxSeries: number;
  readonly #monotonic: () => number;
  readonly #overflow: Counter<'metric'>;

  constructor(registry: Registry, maxSeries: number, monotonic: () => number) {
    this.#maxSeries = maxSeries;
    this.#monotonic = monotonic;
    this.#overflow = new Counter({
      name: 'eastwall_series_overflow_total',
      help: 'Times that something was counted as `other`, since the metric has as many series as it may (`--max-series`)',
      labelNames: ['metric'],
      registers: [registry],
    });
  }

  for(metric: string, { seriesPerSet = 1, forget }: BudgetOptions): SeriesBudget {
    this.#overflow.inc({ metric }, 0);
    return new SeriesBudget({
      limit: Math.max(1, Math.floor(this.#maxSeries / seriesPerSet)),
      monotonic: this.#monotonic,
      overflowed: () => this.#overflow.inc({ metric }),
      forget,
    });
  }
}

interface Place {
  readonly labels: readonly string[];
  readonly usedAt: number;
}

interface SeriesBudgetOptions extends Pick<BudgetOptions, 'forget'> {
  /** Label sets. */
  readonly limit: number;
  readonly monotonic: () => number;
  readonly overflowed: () => void;
}

/** Label sets that one metric has. */
export class SeriesBudget {
  readonly #options: SeriesBudgetOptions;
  /** Those that were used last come last. */
  readonly #places = new Map<string, Place>();

  constructor(options: SeriesBudgetOptions) {
    this.#options = options;
  }

  /** True when this label set may have its own series; false when it has to be counted as `other`. */
  admit(labels: readonly string[]): boolean {
    const key = labels.join('\n');
    const usedAt = this.#options.monotonic();
    const place = this.#places.get(key);
    if (place === undefined && !this.#hasRoom(usedAt)) {
      this.#options.overflowed();
      return false;
    }
    this.#places.delete(key);
    this.#places.set(key, { labels: place?.labels ?? labels, usedAt });
    return true;
  }

  /** Makes it, if the one that was not used for the longest is quiet for long enough. */
  #hasRoom(now: number): boolean {
    const { limit, forget } = this.#options;
    if (this.#places.size < limit) return true;
    const [oldest] = this.#places;
    if (oldest === undefined || now - oldest[1].usedAt < QUIET_MS) return false;
    this.#places.delete(oldest[0]);
    forget(oldest[1].labels);
    return true;
  }
}
