import { LEVELS, rateOf } from './rate-level.ts';

/** What one observation adds to the evidence, by the level of the usual rate, and how much of it is too much. */
export interface Weights {
  /** The part of all observations that somebody adds who is to be seen. */
  readonly share: Float64Array;
  /** For "not x". */
  readonly down: Float64Array;
  /** The logarithm of what a usual observation takes away on average; at most 0. */
  readonly calm: Float64Array;
  /** A key starts as if that was worth an alert, and forgets it as its own highs become known. */
  readonly first: number;
  /** Above the highest evidence of the last days. */
  readonly margin: number;
  /** Above that an attacker gets too far. */
  readonly most: number;
}

/** Where it is known how usual each observation is at its place, highs say little more. */
const PLACED = { margin: 1.4, most: 24 };
/** Against an attacker who is most of the key's traffic. */
export const FAST = weights((p0) => Math.min(0.98, Math.max(0.7, 3 * p0)), {
  ...PLACED,
  // More than a first list of five that nobody has shown.
  first: 24,
});
/** Against one who hides in it. */
export const SLOW = weights((p0) => Math.min(0.6, 3 * p0 + 0.02), { ...PLACED, first: 18 });
/** Against one who guesses. Nothing is known of how misses follow one another, so highs count for more. */
export const MISSES = weights((p0) => Math.min(0.98, Math.max(0.5, 3 * p0)), {
  first: 24,
  margin: 2,
  most: 32,
});

/** Evidence has a ceiling, so that it also goes away again: some 80 usual requests after a burst. */
export const MAX_SUM = 60;

/** A high is half forgotten after a week. */
const DECAY = 0.9;
/** Highs are kept as bytes. */
const PER_BYTE = 4;

/**
 * One-sided CUSUMs, one per slot: the log-likelihood ratio of "more often than usual" against "as usual", never
 * below zero. It counts events, not time, so going slowly does not help.
 *
 * The theory wants independent observations, or to be told how usual each is where it comes. What it is not told of (a
 * cache that went cold, a list that was stored) shows in a key's own highs; they are capped, whoever made them.
 */
export class Cusum {
  static readonly BYTES_PER_KEY = 4 + 1 + 2;
  readonly #weights: Weights;
  readonly #sums: Float32Array;
  /** The day, as a byte: who comes back after 256 of them goes on with the same. */
  readonly #day: Uint8Array;
  readonly #today: Uint8Array;
  readonly #before: Uint8Array;

  constructor(capacity: number, weights: Weights) {
    this.#weights = weights;
    this.#sums = new Float32Array(capacity);
    this.#day = new Uint8Array(capacity);
    this.#today = new Uint8Array(capacity);
    this.#before = new Uint8Array(capacity);
  }

  reset(slot: number, day: number): void {
    const { first, margin } = this.#weights;
    this.#sums[slot] = 0;
    this.#day[slot] = day;
    this.#today[slot] = 0;
    this.#before[slot] = (first / margin) * PER_BYTE;
  }

  /** `x` was seen, or not, by a key whose usual rate of it is `level`; `rate` is what is usual where it was seen. */
  step(slot: number, level: number, x: boolean, rate = rateOf(level)): number {
    const sum = (this.#sums[slot] ?? 0) + (x ? this.#up(level, rate) : (this.#weights.down[level] ?? 0));
    const bounded = sum <= 0 ? 0 : Math.min(sum, MAX_SUM);
    this.#sums[slot] = bounded;
    return bounded;
  }

  /** Remembers how high the evidence against a key, or against any of a group, has been. */
  noteHigh(slot: number, sum: number, day: number): void {
    if ((day & 0xff) !== this.#day[slot]) this.#closeDay(slot, day);
    if (sum * PER_BYTE > (this.#today[slot] ?? 0)) this.#today[slot] = sum * PER_BYTE;
  }

  /** How high evidence usually gets, which is what lasts; the evidence itself does not. */
  save(slot: number): number {
    return Math.max(this.#today[slot] ?? 0, this.#before[slot] ?? 0);
  }

  /** Of a slot that was reset. */
  restore(slot: number, high: number): void {
    this.#before[slot] = Math.min(MAX_SUM * PER_BYTE, high);
  }

  sum(slot: number): number {
    return this.#sums[slot] ?? 0;
  }

  /** What the evidence has to reach for an alert, where `least` is what the alert budget asks for. */
  threshold(slot: number, least: number): number {
    const { margin, most } = this.#weights;
    return Math.min(most, Math.max(least, (margin * (this.#before[slot] ?? 0)) / PER_BYTE));
  }

  /** Somebody's share of all observations is "x", the rest as usual. */
  #up(level: number, rate: number): number {
    const share = this.#weights.share[level] ?? 0;
    return Math.log((share + (1 - share) * rate) / rate);
  }

  #closeDay(slot: number, day: number): void {
    this.#before[slot] = Math.max(this.#today[slot] ?? 0, DECAY * (this.#before[slot] ?? 0));
    this.#today[slot] = 0;
    this.#day[slot] = day;
  }
}

function weights(
  suspicious: (p0: number) => number,
  limits: Pick<Weights, 'first' | 'margin' | 'most'>,
): Weights {
  const share = new Float64Array(LEVELS);
  const down = new Float64Array(LEVELS);
  const calm = new Float64Array(LEVELS);
  for (let level = 0; level < LEVELS; level++) {
    const p0 = rateOf(level);
    const p1 = suspicious(p0);
    share[level] = (p1 - p0) / (1 - p0);
    down[level] = Math.log((1 - p1) / (1 - p0));
    calm[level] = Math.min(0, Math.log(p0 * Math.log(p0 / p1) + (1 - p0) * Math.log((1 - p0) / (1 - p1))));
  }
  return { share, down, calm, ...limits };
}
