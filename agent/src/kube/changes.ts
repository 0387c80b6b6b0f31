/** What has happened to some objects since it was last told. Many changes of one object are one change. */
export class Changes<T> {
  readonly #pending = new Map<string, { readonly value: T } | null>();
  readonly #onChange: () => void;

  /** `onChange` is called at every change. */
  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  upsert(key: string, value: T): void {
    this.#pending.set(key, { value });
    this.#onChange();
  }

  remove(key: string): void {
    this.#pending.set(key, null);
    this.#onChange();
  }

  /** Empties it, in batches of at most `size` objects. */
  *take(size: number): Generator<{ readonly upsert: readonly T[]; readonly remove: readonly string[] }> {
    const changes = [...this.#pending];
    this.#pending.clear();
    for (let from = 0; from < changes.length; from += size) {
      const batch = changes.slice(from, from + size);
      yield {
        upsert: batch.flatMap(([, change]) => (change === null ? [] : [change.value])),
        remove: batch.flatMap(([key, change]) => (change === null ? [key] : [])),
      };
    }
  }
}
