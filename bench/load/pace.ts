/**
 * The moments at which independent callers ask, `rate` times a second on average: the gaps are random, and the same for
 * every subject. Times are in ms.
 */
export class Pace {
  readonly #meanGap: number;
  #seed: number;
  #next: number;

  constructor(rate: number, from: number, seed = 1) {
    this.#meanGap = 1_000 / rate;
    this.#seed = seed;
    this.#next = from;
  }

  /** How many moments have passed since it was asked last. */
  passed(now: number): number {
    let count = 0;
    for (; this.#next <= now; count++) this.#next += -Math.log(1 - this.#random()) * this.#meanGap;
    return count;
  }

  /** Mulberry32: uniform in [0, 1). */
  #random(): number {
    this.#seed = (this.#seed + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#seed ^ (this.#seed >>> 15), 1 | this.#seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }
}
