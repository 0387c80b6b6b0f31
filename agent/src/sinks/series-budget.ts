/**
 * Bounds how many label sets a metric may have. Names come from the cluster, and a namespace that makes a thousand
 * workloads an hour must cost neither the agent's memory nor Prometheus.
 */
export class SeriesBudget {
  readonly #limit: number;
  readonly #known = new Set<string>();
  #overflowed = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** True when this label set may have its own series; false when it has to be counted as `other`. */
  admit(labels: readonly string[]): boolean {
    const key = labels.join('\n');
    if (this.#known.has(key)) return true;
    if (this.#known.size >= this.#limit) {
      this.#overflowed++;
      return false;
    }
    this.#known.add(key);
    return true;
  }

  /** Counts that had to go to `other`. */
  get overflowed(): number {
    return this.#overflowed;
  }
}
