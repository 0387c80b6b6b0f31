import type { OperationLimits } from '@eastwall/policy';
import { type OperationMove, type OperationUsage, type Place, placeKey } from '../record/operation-usage.ts';
import { OperationPlace } from './operation-place.ts';

export interface PlacesLimits {
  /** Operations of all places together; a place counts as one more. */
  readonly maxOperations: number;
  readonly limits: Partial<OperationLimits>;
}

/** Places of one kind, of which the longest unused are forgotten when they have too many operations together. */
export class Places {
  readonly #limits: PlacesLimits;
  readonly #places = new Map<string, OperationPlace>();

  constructor(limits: PlacesLimits) {
    this.#limits = limits;
  }

  at(place: Place): OperationPlace {
    const key = placeKey(place);
    let found = this.#places.get(key);
    if (found === undefined) {
      found = new OperationPlace(place, this.#limits.limits);
      this.#places.set(key, found);
    }
    return found;
  }

  [Symbol.iterator](): Iterator<OperationPlace> {
    return this.#places.values();
  }

  /** What has changed since the last call; returns how many operations were forgotten. */
  drain(into: { readonly moves: OperationMove[]; readonly usages: OperationUsage[] }): number {
    let size = 0;
    let forgotten = 0;
    for (const place of this.#places.values()) {
      forgotten += place.drain(into);
      size += place.size + 1;
    }
    return size > this.#limits.maxOperations ? forgotten + this.#forget(size) : forgotten;
  }

  #forget(size: number): number {
    const byAge = [...this.#places].sort(([, a], [, b]) => a.lastUsed - b.lastUsed);
    let left = size;
    for (const [key, place] of byAge) {
      if (left <= this.#limits.maxOperations) break;
      this.#places.delete(key);
      place.forgotten = true;
      left -= place.size + 1;
    }
    return size - left;
  }
}
