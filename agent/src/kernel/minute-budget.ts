const MINUTE_MS = 60_000;

/** So many in a minute, and not one more. */
export class MinuteBudget {
  readonly #perMinute: number;
  #since = Number.NEGATIVE_INFINITY;
  #spent = 0;

  constructor(perMinute: number) {
    this.#perMinute = perMinute;
  }

  /** Whether there is one left; `now` is monotonic milliseconds. */
  spend(now: number): boolean {
    if (now - this.#since >= MINUTE_MS) {
      this.#since = now;
      this.#spent = 0;
    }
    if (this.#spent >= this.#perMinute) return false;
    this.#spent++;
    return true;
  }
}
