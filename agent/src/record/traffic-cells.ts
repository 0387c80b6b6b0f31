import type { Destination, Verdict, Workload } from '@eastwall/policy';
import type { Outcome, Protocol } from './record.ts';
import { DURATION_BUCKETS_MS, type TrafficCell } from './traffic-cell.ts';

/** One finished exchange, as far as counting is concerned. */
export interface Counted {
  readonly protocol: Protocol;
  readonly verdict: Verdict;
  readonly outcome: Outcome;
  readonly status: number;
  readonly durationMs: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
}

/** A cell while it is being counted in. */
type OpenCell = {
  -readonly [Field in keyof TrafficCell]: Field extends 'durations' ? number[] : TrafficCell[Field];
};

/**
 * Counts exchanges where they end, so that telling control costs one message a second and not one per exchange.
 * Connections between the same two share a `TrafficGroup`: counting allocates nothing once a kind has been seen.
 */
export class TrafficCells {
  #dirty: OpenCell[] = [];
  /** By the objects that stand for the two, which others keep as long as they mean anything. */
  readonly #groups = new WeakMap<Workload, WeakMap<Destination, TrafficGroup>>();

  group(caller: Workload, destination: Destination): TrafficGroup {
    let groups = this.#groups.get(caller);
    if (groups === undefined) {
      groups = new WeakMap();
      this.#groups.set(caller, groups);
    }
    let group = groups.get(destination);
    if (group === undefined) {
      group = new TrafficGroup(caller, destination, (cell) => this.#dirty.push(cell));
      groups.set(destination, group);
    }
    return group;
  }

  /** What was counted since the last call. */
  drain(): TrafficCell[] {
    const drained = this.#dirty.map((cell) => ({ ...cell }));
    for (const cell of this.#dirty) clear(cell);
    this.#dirty = [];
    return merge(drained);
  }
}

/** The cells of one caller and destination. */
export class TrafficGroup {
  readonly #cells: OpenCell[] = [];
  readonly #caller: Workload;
  readonly #destination: string;
  readonly #touched: (cell: OpenCell) => void;

  constructor(caller: Workload, destination: Destination, touched: (cell: OpenCell) => void) {
    this.#caller = caller;
    this.#destination = destinationLabel(destination);
    this.#touched = touched;
  }

  count(counted: Counted): void {
    const cell = this.#cellFor(counted);
    if (cell.exchanges === 0) this.#touched(cell);
    cell.exchanges++;
    cell.bytesSent += counted.bytesSent;
    cell.bytesReceived += counted.bytesReceived;
    cell.durationSumMs += counted.durationMs;
    const bucket = bucketOf(counted.durationMs);
    cell.durations[bucket] = (cell.durations[bucket] ?? 0) + 1;
  }

  /** A handful of kinds: a scan of an array beats building a key. */
  #cellFor(counted: Counted): OpenCell {
    const statusClass = statusClassOf(counted.status);
    for (const cell of this.#cells)
      if (
        cell.outcome === counted.outcome &&
        cell.statusClass === statusClass &&
        cell.verdict === counted.verdict &&
        cell.protocol === counted.protocol
      )
        return cell;
    return this.#addCell(counted, statusClass);
  }

  #addCell(counted: Counted, statusClass: string): OpenCell {
    const cell: OpenCell = {
      callerNamespace: this.#caller.namespace,
      callerWorkload: this.#caller.name,
      destination: this.#destination,
      protocol: counted.protocol,
      verdict: counted.verdict,
      outcome: counted.outcome,
      statusClass,
      exchanges: 0,
      bytesSent: 0,
      bytesReceived: 0,
      durations: new Array<number>(DURATION_BUCKETS_MS.length + 1).fill(0),
      durationSumMs: 0,
    };
    this.#cells.push(cell);
    return cell;
  }
}

/** Bounded: a Service port, or `external` for everything no Service names. */
export function destinationLabel(destination: Destination): string {
  const service = destination.services[0];
  if (service === undefined) return 'external';
  return `${service.namespace}/${service.service}:${service.port}`;
}

const STATUS_CLASSES = ['none', '1xx', '2xx', '3xx', '4xx', '5xx'];

function statusClassOf(status: number): string {
  return STATUS_CLASSES[Math.trunc(status / 100)] ?? 'none';
}

function bucketOf(durationMs: number): number {
  let bucket = 0;
  while (bucket < DURATION_BUCKETS_MS.length && durationMs > (DURATION_BUCKETS_MS[bucket] as number))
    bucket++;
  return bucket;
}

function clear(cell: OpenCell): void {
  cell.exchanges = 0;
  cell.bytesSent = 0;
  cell.bytesReceived = 0;
  cell.durations = cell.durations.map(() => 0);
  cell.durationSumMs = 0;
}

/** Destinations that are counted under one label have groups of their own; they leave as one. */
function merge(cells: readonly OpenCell[]): TrafficCell[] {
  const merged = new Map<string, OpenCell>();
  for (const cell of cells) {
    const key = [
      cell.callerNamespace,
      cell.callerWorkload,
      cell.destination,
      cell.protocol,
      cell.verdict,
      cell.outcome,
      cell.statusClass,
    ].join('|');
    const same = merged.get(key);
    if (same === undefined) merged.set(key, cell);
    else add(same, cell);
  }
  return [...merged.values()];
}

function add(into: OpenCell, cell: OpenCell): void {
  into.exchanges += cell.exchanges;
  into.bytesSent += cell.bytesSent;
  into.bytesReceived += cell.bytesReceived;
  into.durations = into.durations.map((count, bucket) => count + (cell.durations[bucket] ?? 0));
  into.durationSumMs += cell.durationSumMs;
}
