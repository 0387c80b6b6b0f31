import {
  Anomalies,
  type Anomaly,
  type AnomalyLimits,
  type GuardProfiles,
  type Workload,
} from '@eastwall/policy';
import type { Sign } from '../guard/finding-book.ts';
import { SteadyClock } from '../kernel/clock.ts';
import { textHash } from '../kernel/text-hash.ts';
import type { Evidence } from '../record/finding.ts';
import { type OperationUsage, type Place, placeKey } from '../record/operation-usage.ts';

export interface AnomalyWatchOptions {
  readonly limits: AnomalyLimits;
  /** Wall clock, in ms since the epoch: weeks go by it. */
  now(): number;
  /** Monotonic ms: nobody is known for longer, or for less, because the clock is set. */
  monotonic(): number;
  note(sign: Sign): void;
  /** Sets aside all pods of a workload. */
  quarantine(caller: Workload, anomaly: Anomaly): void;
  profiles(): GuardProfiles;
  /** The workload of that name, `namespace/name`, as one of its pods here has it; null when there is none any more. */
  workload(name: string): Workload | null;
}

const HOUR_MS = 3_600_000;

/**
 * Compares what each workload does at each operation with what it usually does at this hour of the week. Here and not in
 * the dataplanes, since it is no matter of one request, and baselines must outlive a process that parses foreign bytes.
 */
export class AnomalyWatch {
  readonly #options: AnomalyWatchOptions;
  readonly #anomalies: Anomalies;
  readonly #steady: SteadyClock;

  constructor(options: AnomalyWatchOptions) {
    this.#options = options;
    this.#steady = new SteadyClock(options);
    this.#anomalies = new Anomalies(options.limits, this.#now());
  }

  /** What a dataplane has counted since it said so last. */
  look(usages: readonly OperationUsage[]): void {
    for (const usage of usages) {
      if (usage.kind !== 'operation') continue;
      for (const [caller, calls] of Object.entries(usage.callers)) this.#observe(caller, calls, usage);
    }
  }

  save(): Uint8Array {
    return this.#anomalies.save(this.#ahead());
  }

  restore(saved: Uint8Array): boolean {
    return this.#anomalies.restore(saved, this.#now());
  }

  #now(): number {
    return this.#steady.at(this.#options.monotonic());
  }

  /** Hours by which the clock has been set since this began. */
  #ahead(): number {
    return Math.round((this.#options.now() - this.#now()) / HOUR_MS);
  }

  #observe(caller: string, calls: number, usage: OperationUsage): void {
    const found = this.#anomalies.observe(
      {
        caller: textHash(caller),
        destination: textHash(placeKey(usage)),
        operation: textHash(`${placeKey(usage)} ${operationText(usage)}`),
        calls,
        bytes: usage.receivedBy[caller] ?? 0,
        alertsPerWeek: this.#options.profiles().for(namespaceOf(caller)).alertBudgetPerWeek,
      },
      this.#now(),
      this.#ahead(),
    );
    const workload = found.length === 0 ? null : this.#options.workload(caller);
    if (workload !== null) for (const anomaly of found) this.#respond(anomaly, workload, usage);
  }

  #respond(anomaly: Anomaly, caller: Workload, usage: OperationUsage): void {
    const { kind } = anomaly;
    const action = this.#options.profiles().for(caller.namespace).actions[kind];
    if (action === 'Off') return;
    const quarantined = action === 'Quarantine';
    this.#options.note({
      detection: kind,
      caller,
      destination: placeName(usage),
      operation: IS_OF_OPERATION[kind] ? operationText(usage) : '',
      explanation: explain(anomaly),
      evidence: evidenceOf(anomaly),
      action: quarantined ? 'quarantine' : 'log',
    });
    if (quarantined) this.#options.quarantine(caller, anomaly);
  }
}

const IS_OF_OPERATION: Readonly<Record<Anomaly['kind'], boolean>> = {
  'call-anomaly': true,
  'volume-anomaly': true,
  'operation-anomaly': false,
  'new-edge': false,
};

/** Of a workload by its name, `namespace/name`. */
const namespaceOf = (caller: string): string => caller.slice(0, caller.indexOf('/'));

const operationText = ({ method, template, name }: OperationUsage): string =>
  name === '' ? `${method} ${template}` : `${method} ${template} ${name}`;

const placeName = (place: Place): string =>
  place.namespace === '' ? `${place.service}:${place.port}` : placeKey(place);

function explain({ kind, excess }: Anomaly): string {
  if (excess === null) return 'calls it for the first time, though it has been running for long';
  const times = `${round(excess.multiple)} times what it usually does at this hour of the week`;
  switch (kind) {
    case 'volume-anomaly':
      return `has received ${round(excess.amount / 1024)} KiB in this hour, ${times}`;
    case 'operation-anomaly':
      return `has called ${round(excess.amount)} operations in this hour, ${times}`;
    default:
      return `has made ${round(excess.amount)} calls in this hour, ${times}`;
  }
}

const evidenceOf = ({ excess }: Anomaly): Evidence =>
  excess === null
    ? {}
    : { amount: round(excess.amount), usual: round(excess.usual), multiple: round(excess.multiple) };

const round = (value: number): number => Math.round(value * 10) / 10;
