/** Failures in a row after which nobody is asked any more but now and then. */
const FAILURES = 3;
/** Milliseconds after which a breaker that nobody has asked is no evidence any more. */
const FORGOTTEN_MS = 10_000;

/** Decides whether it is worth asking: not once much has failed, except for one try every so often. */
export class Breaker {
  readonly #probeMs: number;
  #failures = 0;
  #probedAt = 0;
  #why = '';

  constructor(probeMs: number) {
    this.#probeMs = probeMs;
  }

  get open(): boolean {
    return this.#failures >= FAILURES;
  }

  /** `now` is monotonic milliseconds. Whoever is told yes reports what came of it. */
  mayAsk(now: number): boolean {
    if (!this.open) return true;
    if (now - this.#probedAt < this.#probeMs) return false;
    this.#probedAt = now;
    return true;
  }

  /** False when nobody has wanted to know for so long that what is known says nothing. */
  askedLately(now: number): boolean {
    return now - this.#probedAt < FORGOTTEN_MS;
  }

  /** Of the last failure. */
  get why(): string {
    return this.#why;
  }

  succeeded(): void {
    this.#failures = 0;
  }

  /** True when this opened it. */
  failed(now: number, why: string): boolean {
    this.#why = why;
    this.#failures++;
    if (this.#failures !== FAILURES) return false;
    this.#probedAt = now;
    return true;
  }
}
