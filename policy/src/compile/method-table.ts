import { emptyLanes, type Lane, type Lanes, mergeLanes } from './lanes.ts';

/** The rules that end at one place of the trie, by method. */
export class MethodTable {
  #every: Lanes | null = null;
  readonly #byMethod = new Map<string, Lanes>();

  /** `methods` null is every method. */
  add(methods: readonly string[] | null, lane: Lane, rank: number): void {
    if (methods === null) {
      this.#every ??= emptyLanes();
      this.#every[lane] = Math.min(this.#every[lane], rank);
      return;
    }
    for (const method of methods) {
      const lanes = this.#byMethod.get(method) ?? emptyLanes();
      lanes[lane] = Math.min(lanes[lane], rank);
      this.#byMethod.set(method, lanes);
    }
  }

  collect(method: string, into: Lanes): void {
    if (this.#every !== null) mergeLanes(into, this.#every);
    const lanes = this.#byMethod.get(method);
    if (lanes !== undefined) mergeLanes(into, lanes);
  }
}
