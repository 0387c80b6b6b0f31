const FIRST_MS = 200;
const LONGEST_MS = 10_000;
/** A container that ran this long starts over with the first delay. */
const FORGIVEN_AFTER_MS = 30_000;

/** Delays between the restarts of one container: as the kubelet's, only in seconds rather than minutes. */
export class Backoff {
  #next = FIRST_MS;

  /** Milliseconds to wait before the next start, given how long the last run took. */
  after(ranMs: number): number {
    if (ranMs >= FORGIVEN_AFTER_MS) this.#next = FIRST_MS;
    const delay = this.#next;
    this.#next = Math.min(LONGEST_MS, delay * 2);
    return delay;
  }
}
