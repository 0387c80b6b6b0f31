import { Histogram } from 'prom-client';

interface Series<Label extends string> {
  readonly labels: Readonly<Record<Label, string>>;
  readonly counts: number[];
  sum: number;
}

/**
 * A histogram that is filled with counts per bucket instead of single observations: the dataplanes have sorted the
 * durations already, and a hundred thousand `observe` calls a second would cost more than the relaying.
 */
export class BucketHistogram<Label extends string> extends Histogram<Label> {
  readonly #metric: { readonly name: string; readonly help: string };
  readonly #bounds: readonly number[];
  readonly #series = new Map<string, Series<Label>>();

  constructor(options: { name: string; help: string; labelNames: Label[]; buckets: readonly number[] }) {
    super({ ...options, buckets: [...options.buckets], registers: [] });
    this.#metric = options;
    this.#bounds = options.buckets;
  }

  /** As they were when the series was added. */
  forget(labels: readonly string[]): void {
    this.#series.delete(labels.join('\n'));
  }

  /** `counts` has one entry per bucket and one for the rest; `sum` is in the unit of the buckets. */
  add(labels: Readonly<Record<Label, string>>, counts: readonly number[], sum: number): void {
    const key = Object.values(labels).join('\n');
    let series = this.#series.get(key);
    if (series === undefined) {
      series = { labels, counts: new Array<number>(this.#bounds.length + 1).fill(0), sum: 0 };
      this.#series.set(key, series);
    }
    for (let bucket = 0; bucket <= this.#bounds.length; bucket++) {
      series.counts[bucket] = (series.counts[bucket] ?? 0) + (counts[bucket] ?? 0);
    }
    series.sum += sum;
  }

  /** The registry asks for the text form by this name where a metric has it; `Histogram` has. */
  async getForPromString(): Promise<unknown> {
    return { ...this.#metric, type: 'histogram', aggregator: 'sum', values: this.#values() };
  }

  #values(): object[] {
    const { name } = this.#metric;
    return [...this.#series.values()].flatMap(({ labels, counts, sum }) => {
      let cumulative = 0;
      const buckets = counts.map((count, bucket) => {
        cumulative += count;
        const le = this.#bounds[bucket] ?? '+Inf';
        return { metricName: `${name}_bucket`, labels: { ...labels, le }, value: cumulative };
      });
      return [
        ...buckets,
        { metricName: `${name}_sum`, labels, value: sum },
        { metricName: `${name}_count`, labels, value: cumulative },
      ];
    });
  }
}
