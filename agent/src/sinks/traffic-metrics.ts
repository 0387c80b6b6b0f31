import { Counter, type Registry } from 'prom-client';
import { DURATION_BUCKETS_MS, type TrafficCell } from '../record/traffic-cell.ts';
import { BucketHistogram } from './bucket-histogram.ts';
import { SeriesBudget } from './series-budget.ts';

const EXCHANGE_LABELS = [
  'caller_namespace',
  'caller_workload',
  'destination',
  'protocol',
  'verdict',
  'outcome',
  'status_class',
] as const;
const BYTE_LABELS = ['caller_namespace', 'caller_workload', 'destination', 'direction'] as const;
const DURATION_LABELS = ['destination', 'protocol'] as const;

const OTHER = 'other';
const VERDICTS: ReadonlySet<string> = new Set(['allow', 'would-deny', 'deny']);

/** The counters that the dataplanes' cells add up to. */
export class TrafficMetrics {
  readonly #exchanges: Counter<(typeof EXCHANGE_LABELS)[number]>;
  readonly #bytes: Counter<(typeof BYTE_LABELS)[number]>;
  readonly #durations: BucketHistogram<(typeof DURATION_LABELS)[number]>;
  readonly #exchangeBudget: SeriesBudget;
  readonly #byteBudget: SeriesBudget;
  readonly #durationBudget: SeriesBudget;

  constructor(registry: Registry, maxSeries: number) {
    this.#exchanges = new Counter({
      name: 'eastwall_exchanges_total',
      help: 'Exchanges that ended, by caller, destination and what became of them',
      labelNames: [...EXCHANGE_LABELS],
      registers: [registry],
    });
    this.#bytes = new Counter({
      name: 'eastwall_bytes_total',
      help: 'Bytes relayed; `sent` is from the caller to the destination',
      labelNames: [...BYTE_LABELS],
      registers: [registry],
    });
    this.#durations = new BucketHistogram({
      name: 'eastwall_exchange_duration_seconds',
      help: 'Time from the first byte of an exchange to its last',
      labelNames: [...DURATION_LABELS],
      buckets: DURATION_BUCKETS_MS.map((ms) => ms / 1_000),
    });
    registry.registerMetric(this.#durations);
    this.#exchangeBudget = new SeriesBudget(maxSeries);
    this.#byteBudget = new SeriesBudget(maxSeries);
    this.#durationBudget = new SeriesBudget(maxSeries);
  }

  add(cells: readonly TrafficCell[]): void {
    for (const cell of cells) {
      this.#addExchanges(cell);
      this.#addBytes(cell, 'sent', cell.bytesSent);
      this.#addBytes(cell, 'received', cell.bytesReceived);
      this.#addDurations(cell);
    }
  }

  /** Cells that were counted as `other` because the metric has as many series as it may. */
  get overflowed(): number {
    return this.#exchangeBudget.overflowed + this.#byteBudget.overflowed + this.#durationBudget.overflowed;
  }

  #addExchanges(cell: TrafficCell): void {
    const labels = {
      caller_namespace: cell.callerNamespace,
      caller_workload: cell.callerWorkload,
      destination: cell.destination,
      protocol: cell.protocol,
      verdict: cell.verdict,
      outcome: cell.outcome,
      status_class: cell.statusClass,
    };
    const admitted = this.#exchangeBudget.admit(Object.values(labels));
    // The verdict survives the overflow: how much was denied must stay right however many callers there are.
    const verdict = VERDICTS.has(cell.verdict) ? cell.verdict : OTHER;
    this.#exchanges.inc(admitted ? labels : { ...othered(EXCHANGE_LABELS), verdict }, cell.exchanges);
  }

  #addBytes(cell: TrafficCell, direction: 'sent' | 'received', amount: number): void {
    const labels = {
      caller_namespace: cell.callerNamespace,
      caller_workload: cell.callerWorkload,
      destination: cell.destination,
      direction,
    };
    const admitted = this.#byteBudget.admit(Object.values(labels));
    this.#bytes.inc(admitted ? labels : { ...othered(BYTE_LABELS), direction }, amount);
  }

  #addDurations({ destination, protocol, durations, durationSumMs }: TrafficCell): void {
    const labels = { destination, protocol };
    const admitted = this.#durationBudget.admit(Object.values(labels));
    this.#durations.add(admitted ? labels : othered(DURATION_LABELS), durations, durationSumMs / 1_000);
  }
}

function othered<Label extends string>(names: readonly Label[]): Record<Label, string> {
  return Object.fromEntries(names.map((name) => [name, OTHER])) as Record<Label, string>;
}
