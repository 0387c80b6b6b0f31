import { type Lane, type Lanes, mergeLanes, NO_RULE } from './lanes.ts';

/** The lanes of one method, in a list: a handful of methods is found faster, and kept smaller, than in a map. */
class MethodLanes implements Lanes {
  enforceDeny = NO_RULE;
  enforceAllow = NO_RULE;
  auditDeny = NO_RULE;
  auditAllow = NO_RULE;
  readonly method: string | null;
  readonly next: MethodLanes | null;

  constructor(method: string | null, next: MethodLanes | null) {
    this.method = method;
    this.next = next;
  }
}

const EVERY_METHOD: readonly null[] = [null];

/** The rules that end at one place of the trie, by method. */
export class MethodTable {
  #first: MethodLanes | null = null;

  /** `methods` null is every method. */
  add(methods: readonly string[] | null, lane: Lane, rank: number): void {
    for (const method of methods ?? EVERY_METHOD) {
      const lanes = this.#lanesOf(method);
      lanes[lane] = Math.min(lanes[lane], rank);
    }
  }

  collect(method: string, into: Lanes): void {
    for (let lanes = this.#first; lanes !== null; lanes = lanes.next) {
      if (lanes.method === null || lanes.method === method) mergeLanes(into, lanes);
    }
  }

  #lanesOf(method: string | null): MethodLanes {
    for (let lanes = this.#first; lanes !== null; lanes = lanes.next) {
      if (lanes.method === method) return lanes;
    }
    this.#first = new MethodLanes(method, this.#first);
    return this.#first;
  }
}
