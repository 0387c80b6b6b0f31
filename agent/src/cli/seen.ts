/** Which of many things have been seen lately: the oldest are forgotten. */
export class Seen {
  readonly #capacity: number;
  readonly #values = new Map<string, string>();

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Whether this is the first time, or `state` is another one than the last time. */
  isNew(id: string, state = ''): boolean {
    if (this.#values.get(id) === state) return false;
    this.#values.delete(id);
    this.#values.set(id, state);
    if (this.#values.size > this.#capacity) {
      const [oldest = ''] = this.#values.keys();
      this.#values.delete(oldest);
    }
    return true;
  }
}
