/**
 * A map of bounded size that forgets what was not used lately. Two generations instead of an order: taking the
 * oldest key out of a JavaScript Map over and over makes it walk its own holes.
 */
export class RecentMap<T> {
  readonly #half: number;
  #young = new Map<string, T>();
  #old: ReadonlyMap<string, T> = new Map();

  /** Holds at most `size` entries, and at least the `size / 2` used last. */
  constructor(size: number) {
    this.#half = Math.max(1, Math.floor(size / 2));
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  get(key: string): T | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old !== undefined) this.set(key, old);
    return old;
  }

  /** Each once, in no particular order. */
  *entries(): Generator<[string, T]> {
    yield* this.#young;
    for (const entry of this.#old) if (!this.#young.has(entry[0])) yield entry;
  }

  set(key: string, value: T): void {
    if (this.#young.size >= this.#half && !this.#young.has(key)) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, value);
  }
}
