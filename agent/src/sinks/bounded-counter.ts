import { Counter, type Registry } from 'prom-client';
import type { SeriesBudget, SeriesBudgets } from './series-budgets.ts';

export const OTHER = 'other';

export interface BoundedCounterOptions<Label extends string> {
  readonly name: string;
  readonly help: string;
  readonly labels: readonly Label[];
  /** Labels that survive the overflow of the others, each with all values it may have then. */
  readonly kept: Readonly<Partial<Record<Label, ReadonlySet<string>>>>;
}

/** A counter whose labels come from the cluster: once it has as many series as it may, the rest is `other`. */
export class BoundedCounter<Label extends string> {
  readonly #counter: Counter<Label>;
  readonly #budget: SeriesBudget;
  readonly #options: BoundedCounterOptions<Label>;

  constructor(registry: Registry, budgets: SeriesBudgets, options: BoundedCounterOptions<Label>) {
    const { name, help, labels } = options;
    this.#options = options;
    this.#counter = new Counter<Label>({ name, help, labelNames: [...labels], registers: [registry] });
    this.#budget = budgets.for(name, { forget: (values) => this.#counter.remove(...values) });
  }

  inc(labels: Readonly<Record<Label, string>>, count: number): void {
    if (count === 0) return;
    const { labels: names } = this.#options;
    const admitted = this.#budget.admit(names.map((name) => labels[name]));
    this.#counter.inc(admitted ? labels : this.#othered(labels), count);
  }

  #othered(labels: Readonly<Record<Label, string>>): Record<Label, string> {
    const { labels: names, kept } = this.#options;
    const rest = names.map((name) => [name, kept[name]?.has(labels[name]) ? labels[name] : OTHER] as const);
    return Object.fromEntries(rest) as Record<Label, string>;
  }
}
