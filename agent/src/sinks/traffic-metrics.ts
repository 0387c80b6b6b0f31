import type { Registry } from 'prom-client';
import { DURATION_BUCKETS_MS, type TrafficCell } from '../record/traffic-cell.ts';
import { BoundedCounter, OTHER } from './bounded-counter.ts';
import { BucketHistogram } from './bucket-histogram.ts';
import type { SeriesBudget, SeriesBudgets } from './series-budgets.ts';

type ExchangeLabel =
  | 'caller_namespace'
  | 'caller_workload'
  | 'destination'
  | 'protocol'
  | 'verdict'
  | 'outcome'
  | 'status_class';
type ByteLabel = 'caller_namespace' | 'caller_workload' | 'destination' | 'direction';
type DurationLabel = 'destination' | 'protocol';

export const VERDICTS: ReadonlySet<string> = new Set(['allow', 'would-deny', 'deny']);
const DURATIONS = 'eastwall_exchange_duration_seconds';
/** Buckets, `+Inf`, sum and count. */
const SERIES_PER_HISTOGRAM = DURATION_BUCKETS_MS.length + 3;

/** The counters that the dataplanes' cells add up to. */
export class TrafficMetrics {
  readonly #exchanges: BoundedCounter<ExchangeLabel>;
  readonly #bytes: BoundedCounter<ByteLabel>;
  readonly #durations: BucketHistogram<DurationLabel>;
  readonly #durationBudget: SeriesBudget;

  constructor(registry: Registry, budgets: SeriesBudgets) {
    this.#exchanges = new BoundedCounter<ExchangeLabel>(registry, budgets, {
      name: 'eastwall_exchanges_total',
      help: 'Exchanges that ended, by caller, destination and what became of them',
      labels: [
        'caller_namespace',
        'caller_workload',
        'destination',
        'protocol',
        'verdict',
        'outcome',
        'status_class',
      ],
      // How much was denied must stay right however many callers there are.
      kept: { verdict: VERDICTS },
    });
    this.#bytes = new BoundedCounter<ByteLabel>(registry, budgets, {
      name: 'eastwall_bytes_total',
      help: 'Bytes relayed; `sent` is from the caller to the destination',
      labels: ['caller_namespace', 'caller_workload', 'destination', 'direction'],
      kept: { direction: new Set(['sent', 'received']) },
    });
    this.#durations = new BucketHistogram({
      name: DURATIONS,
      help: 'Time from the first byte of an exchange to its last',
      labelNames: ['destination', 'protocol'],
      buckets: DURATION_BUCKETS_MS.map((ms) => ms / 1_000),
    });
    registry.registerMetric(this.#durations);
    this.#durationBudget = budgets.for(DURATIONS, {
      seriesPerSet: SERIES_PER_HISTOGRAM,
      forget: (labels) => this.#durations.forget(labels),
    });
  }

  add(cells: readonly TrafficCell[]): void {
    for (const cell of cells) {
      this.#addExchanges(cell);
      this.#addBytes(cell, 'sent', cell.bytesSent);
      this.#addBytes(cell, 'received', cell.bytesReceived);
      this.#addDurations(cell);
    }
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
    this.#exchanges.inc(labels, cell.exchanges);
  }

  #addBytes(cell: TrafficCell, direction: 'sent' | 'received', amount: number): void {
    const labels = {
      caller_namespace: cell.callerNamespace,
      caller_workload: cell.callerWorkload,
      destination: cell.destination,
      direction,
    };
    this.#bytes.inc(labels, amount);
  }

  #addDurations({ destination, protocol, durations, durationSumMs }: TrafficCell): void {
    const admitted = this.#durationBudget.admit([destination, protocol]);
    const labels = admitted ? { destination, protocol } : { destination: OTHER, protocol: OTHER };
    this.#durations.add(labels, durations, durationSumMs / 1_000);
  }
}
