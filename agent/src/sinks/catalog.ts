import { mergedUsages } from '../record/merged-usages.ts';
import {
  addUsage,
  type CatalogDelta,
  type OperationMove,
  type OperationUsage,
  usageKey,
} from '../record/operation-usage.ts';

/** One of so many is forgotten when there is no room, so that a flood of new ones does not sort them all each time. */
const FORGOTTEN_PART = 16;
/** Stands for the dataplanes of agents before this one. */
const BEFORE = -1;

/** What this node's pods call, of every destination: added up from what the dataplanes say. */
export class Catalog {
  /** Operations that were forgotten for want of room, here or by a dataplane. */
  forgotten = 0;
  readonly #maxOperations: number;
  /** By dataplane: each learns by itself what an operation is. */
  readonly #observers = new Map<number, Map<string, OperationUsage>>();

  constructor(maxOperations: number) {
    this.#maxOperations = maxOperations;
  }

  add(dataplane: number, { moves, usages, forgotten }: CatalogDelta): void {
    const known = this.#observerOf(dataplane);
    for (const move of moves) applyMove(known, move);
    for (const usage of usages) addTo(known, usage);
    this.forgotten += forgotten;
    if (known.size > this.#maxOperations) this.#forget(known);
  }

  /** What an agent before this one has counted. */
  restore(usages: readonly OperationUsage[]): void {
    this.add(BEFORE, { moves: [], usages, forgotten: 0 });
  }

  /** All there is, in no particular order. */
  get usages(): readonly OperationUsage[] {
    return mergedUsages([...this.#observers.values()].map((known) => [...known.values()]));
  }

  get size(): number {
    let size = 0;
    for (const known of this.#observers.values()) size += known.size;
    return size;
  }

  #observerOf(dataplane: number): Map<string, OperationUsage> {
    let known = this.#observers.get(dataplane);
    if (known === undefined) {
      known = new Map();
      this.#observers.set(dataplane, known);
    }
    return known;
  }

  #forget(known: Map<string, OperationUsage>): void {
    const byAge = [...known].sort(([, a], [, b]) => a.lastSeen - b.lastSeen);
    const count = known.size - this.#maxOperations + Math.floor(this.#maxOperations / FORGOTTEN_PART);
    for (const [key] of byAge.slice(0, count)) known.delete(key);
    this.forgotten += count;
  }
}

/** More of a path turned out to be an id: what was counted under the old name belongs to the new one. */
function applyMove(known: Map<string, OperationUsage>, move: OperationMove): void {
  const key = usageKey(move, move.from);
  const usage = known.get(key);
  if (usage === undefined) return;
  known.delete(key);
  addTo(known, { ...usage, ...move.to });
}

function addTo(known: Map<string, OperationUsage>, usage: OperationUsage): void {
  const key = usageKey(usage, usage);
  const same = known.get(key);
  known.set(key, same === undefined ? usage : addUsage(same, usage));
}
