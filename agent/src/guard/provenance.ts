import { IdDelta, ProvenanceFilter, type ProvenanceLimits, type Workload } from '@eastwall/policy';
import { textHash } from '../kernel/text-hash.ts';
import { SHOWN_SOURCES, type ShownSource, zeroOf } from '../record/id-counts.ts';

export interface ProvenanceOptions {
  readonly limits: ProvenanceLimits;
  /** Workloads of this node that are kept in mind; 144 KiB each. */
  readonly maxWorkloads: number;
  /** Others of the same workload are told. */
  readonly shared: boolean;
}

/** Before any time. */
export const NEVER = Number.NEGATIVE_INFINITY;

/** Ids that a workload was shown since they were last taken. */
export interface ShownHere {
  /** Namespace, kind and name. */
  readonly workload: string;
  /** As `IdDelta` writes them. */
  readonly ids: Uint8Array;
  /** There was no room for all of them. */
  readonly cut: boolean;
}

/** A workload of this node by the ids that it was shown. */
export interface KnownCaller {
  readonly filter: ProvenanceFilter;
  /** What others are to be told; null where there are no others. */
  readonly delta: IdDelta | null;
  /** Tells it from the others. */
  readonly hash: number;
  /** Ids that its pods have asked for and were not shown, none of them long after the one before. */
  unshown: number;
  /** When one of them has last asked for an id that it was not shown, in monotonic ms. */
  unshownAt: number;
  /** It had to make room: whoever remembers it has to ask for it anew. */
  forgotten: boolean;
}

/** A pod of it. */
export interface KnownPod {
  readonly caller: KnownCaller;
  /** Changes with each rollout. */
  readonly image: number;
}

/** Labels that controllers give to the pods of one version: of Deployments, of StatefulSets and DaemonSets. */
const VERSION_LABELS = ['pod-template-hash', 'controller-revision-hash'];

/** What each workload of this node was shown: its pods here share it, as they share queues and databases. */
export class Provenance {
  readonly #options: ProvenanceOptions;
  /** By namespace, kind and name; the least recently used first. */
  readonly #callers = new Map<string, KnownCaller>();
  /** So that no key is put together for each request. */
  readonly #pods = new WeakMap<Workload, KnownPod>();
  #forgotten = 0;
  #shownByForgotten = zeroOf(SHOWN_SOURCES);

  constructor(options: ProvenanceOptions) {
    this.#options = options;
  }

  of(pod: Workload, now: number): KnownPod {
    const known = this.#pods.get(pod);
    if (known?.caller.forgotten === false) return known;
    const found = { caller: this.#callerAt(provenanceKey(pod), now), image: imageOf(pod) };
    this.#pods.set(pod, found);
    return found;
  }

  /** The workload of that pod, if it is kept in mind; it is not met by that. */
  known(pod: Workload): KnownCaller | null {
    return this.#callers.get(provenanceKey(pod)) ?? null;
  }

  /** How many ids they were shown since the last call, and how many workloads had to make room. */
  takeCounts(): { readonly shown: Record<ShownSource, number>; readonly forgotten: number } {
    const taken = { shown: this.#shownByForgotten, forgotten: this.#forgotten };
    this.#shownByForgotten = zeroOf(SHOWN_SOURCES);
    this.#forgotten = 0;
    for (const { filter } of this.#callers.values()) filter.drainCounts(taken.shown);
    return taken;
  }

  /** What is to be told to others, and how many ids there was no room for. */
  takeShown(): { readonly shown: readonly ShownHere[]; readonly dropped: number } {
    const shown: ShownHere[] = [];
    let dropped = 0;
    for (const [workload, { delta }] of this.#callers) {
      const cut = delta?.takeDropped() ?? 0;
      const ids = delta?.take() ?? null;
      dropped += cut;
      if (ids !== null) shown.push({ workload, ids, cut: cut > 0 });
    }
    return { shown, dropped };
  }

  /** What a workload was shown elsewhere, as pairs of hashes; returns how many were refused. */
  showPeers(workload: string, hashes: Uint32Array, now: number): number {
    return this.#callerAt(workload, now).filter.showPeers(hashes, now);
  }

  /** That workload was shown ids elsewhere that nobody tells. */
  missed(workload: string, now: number): void {
    this.#callerAt(workload, now).filter.missed(now);
  }

  /** That workload is also asked by somebody whose requests are not seen. */
  unseen(workload: string, now: number): void {
    this.#callerAt(workload, now).filter.unseen(now);
  }

  /** From now on all workloads are shown ids elsewhere as well: another agent accepts their connections. */
  missedByAll(now: number): void {
    for (const { filter } of this.#callers.values()) filter.missed(now);
  }

  /** Workloads that were shown more than is known here, so that nothing unexplained is held against them. */
  partlyKnown(now: number, most: number): string[] {
    return this.#firstOf(most, ({ filter }) => filter.isPartial(now));
  }

  /** Workloads that are also asked what is not seen. */
  askedUnseen(now: number, most: number): string[] {
    return this.#firstOf(most, ({ filter }) => filter.isUnseen(now));
  }

  #firstOf(most: number, isOne: (caller: KnownCaller) => boolean): string[] {
    const found: string[] = [];
    for (const [workload, caller] of this.#callers) {
      if (found.length === most) break;
      if (isOne(caller)) found.push(workload);
    }
    return found;
  }

  #callerAt(key: string, now: number): KnownCaller {
    const known = this.#callers.get(key);
    if (known !== undefined) {
      this.#callers.delete(key);
      this.#callers.set(key, known);
      return known;
    }
    if (this.#callers.size >= this.#options.maxWorkloads) this.#forgetOldest();
    const delta = this.#options.shared ? new IdDelta() : null;
    const filter = new ProvenanceFilter(this.#options.limits, now, delta);
    const hash = textHash(key) >>> 0;
    const caller = { filter, delta, hash, unshown: 0, unshownAt: NEVER, forgotten: false };
    this.#callers.set(key, caller);
    return caller;
  }

  #forgetOldest(): void {
    const [oldest] = this.#callers;
    if (oldest === undefined) return;
    const [key, caller] = oldest;
    this.#callers.delete(key);
    caller.forgotten = true;
    caller.filter.drainCounts(this.#shownByForgotten);
    this.#forgotten++;
  }
}

/** Workloads of two kinds may share a name. */
export const provenanceKey = ({
  namespace,
  kind,
  name,
}: Pick<Workload, 'namespace' | 'kind' | 'name'>): string => `${namespace}/${kind}/${name}`;

function imageOf({ labels }: Workload): number {
  return textHash(VERSION_LABELS.map((label) => labels[label] ?? '').join(' ')) >>> 0;
}
