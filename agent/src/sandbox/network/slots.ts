/** Hands out the numbers 0 to `size` - 1; one that came back is used again as late as possible. */
export class Slots {
  readonly #free: number[];

  constructor(size: number) {
    this.#free = Array.from({ length: size }, (_, slot) => slot);
  }

  /** Undefined when all are taken. */
  take(): number | undefined {
    return this.#free.shift();
  }

  giveBack(slot: number): void {
    this.#free.push(slot);
  }
}
