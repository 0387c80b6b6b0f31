/** Collects keys and hands them over together, once the events of the moment are through. */
export class Coalesced<Key> {
  readonly #work: (keys: readonly Key[]) => void;
  #keys = new Set<Key>();
  #scheduled: NodeJS.Immediate | undefined;

  constructor(work: (keys: readonly Key[]) => void) {
    this.#work = work;
  }

  add(key: Key): void {
    this.#keys.add(key);
    this.#scheduled ??= setImmediate(() => this.#run());
  }

  stop(): void {
    clearImmediate(this.#scheduled);
  }

  #run(): void {
    this.#scheduled = undefined;
    const keys = [...this.#keys];
    this.#keys = new Set();
    this.#work(keys);
  }
}
