import type { Registry } from 'prom-client';
import type { DataplaneTotals } from '../ipc/messages.ts';
import type { IdCounts } from '../record/id-counts.ts';
import type { OperationUsage } from '../record/operation-usage.ts';
import { type KnownOperations, registerCatalogMetrics } from './catalog-metrics.ts';
import { FindingMetrics, type OpenFindings } from './finding-metrics.ts';
import { IdMetrics } from './id-metrics.ts';
import { LimitMetrics } from './limit-metrics.ts';
import { NewsMetrics } from './news-metrics.ts';
import { OperationMetrics } from './operation-metrics.ts';
import { SeriesBudgets } from './series-budgets.ts';
import { TrafficMetrics } from './traffic-metrics.ts';
import { VerdictMetrics } from './verdict-metrics.ts';

export interface MetricSources {
  readonly maxSeries: number;
  readonly findings: OpenFindings;
  readonly catalog: KnownOperations;
  readonly monotonic: () => number;
}

/** What is counted of what dataplanes report. Metrics of the agent itself are read from its status. */
export class Metrics {
  readonly findings: FindingMetrics;
  readonly news: NewsMetrics;
  readonly #traffic: TrafficMetrics;
  readonly #verdicts: VerdictMetrics;
  readonly #limits: LimitMetrics;
  readonly #operations: OperationMetrics;
  readonly #ids: IdMetrics;

  constructor(registry: Registry, { maxSeries, findings, catalog, monotonic }: MetricSources) {
    const budgets = new SeriesBudgets(registry, maxSeries, monotonic);
    this.#traffic = new TrafficMetrics(registry, budgets);
    this.#verdicts = new VerdictMetrics(registry, budgets);
    this.#limits = new LimitMetrics(registry, budgets);
    this.#operations = new OperationMetrics(registry, budgets);
    this.#ids = new IdMetrics(registry);
    this.findings = new FindingMetrics(registry, findings);
    this.news = new NewsMetrics(registry);
    registerCatalogMetrics(registry, catalog);
  }

  totals({ cells, verdicts, limits }: Pick<DataplaneTotals, 'cells' | 'verdicts' | 'limits'>): void {
    this.#traffic.add(cells);
    this.#verdicts.add(verdicts);
    this.#limits.add(limits.cells);
  }

  ids(counts: IdCounts): void {
    this.#ids.add(counts);
  }

  usages(usages: readonly OperationUsage[]): void {
    this.#operations.add(usages);
  }
}
