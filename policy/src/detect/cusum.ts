import { MOST_ALERT } from './alert-budget.ts';
import { LEVELS, rateOf } from './rate-level.ts';

/** What one observation adds to the evidence, by the level of the usual rate: for `x` and for "not x". */
export interface Weights {
  readonly up: Float64Array;
  readonly down: Float64Array;
}

/** Against an attacker who is most of the key's traffic. */
export const FAST: Weights = weights((p0) => Math.min(0.98, Math.max(0.5, 3 * p0)));
/** Against one who hides in it. */
export const SLOW: Weights = weights((p0) => Math.min(0.6, 3 * p0 + 0.02));

/** Evidence has a ceiling, so that it also goes away again: about 80 usual requests after a burst. */
export const MAX_SUM = 60;

/** Above the highest evidence of the last days. */
const MARGIN = 2;
/** The same where the ids lie as an enumeration's do, which a cluster of usual ones does not. */
export const SHAPED_MARGIN = 1.25;
/** Less of the usual threshold is never enough. */
export const SHAPED_AT = SHAPED_MARGIN / MARGIN;
/** A key starts as if it had been this high, and forgets it as its own highs become known. */
const FIRST_HIGH = 24 / MARGIN;
/** A high is half forgotten after a week. */
const DECAY = 0.9;
/** Highs are kept as bytes. */
const PER_BYTE = 4;

/**
 * One-sided CUSUMs, one per slot: the log-likelihood ratio of "more often than usual" against "as usual", never
 * below zero. It counts events, not time, so going slowly does not help.
 *
 * The theory wants independent observations. Real unexplained ids come in clusters (a cache that went cold, a list
 * that was stored), so each key is also measured against its own highs; they are capped, whoever made them.
 */
export class Cusum {
  static readonly BYTES_PER_KEY = 4 + 2 + 2;
  readonly #weights: Weights;
  readonly #sums: Float32Array;
  readonly #day: Uint16Array;
  readonly #today: Uint8Array;
  readonly #before: Uint8Array;

  constructor(capacity: number, weights: Weights) {
    this.#weights = weights;
    this.#sums = new Float32Array(capacity);
    this.#day = new Uint16Array(capacity);
    this.#today = new Uint8Array(capacity);
    this.#before = new Uint8Array(capacity);
  }

  reset(slot: number, day: number): void {
    this.#sums[slot] = 0;
    this.#day[slot] = day;
    this.#today[slot] = 0;
    this.#before[slot] = FIRST_HIGH * PER_BYTE;
  }

  /** `x` was seen, or not, by a key whose usual rate of it is `level`. */
  step(slot: number, level: number, x: boolean): number {
    const { up, down } = this.#weights;
    const sum = (this.#sums[slot] ?? 0) + ((x ? up[level] : down[level]) ?? 0);
    const bounded = sum <= 0 ? 0 : Math.min(sum, MAX_SUM);
    this.#sums[slot] = bounded;
    return bounded;
  }

  /** Remembers how high the evidence against a key, or against any of a group, has been. */
  noteHigh(slot: number, sum: number, day: number): void {
    if ((day & 0xffff) !== this.#day[slot]) this.#closeDay(slot, day);
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
  threshold(slot: number, least: number, margin = MARGIN): number {
    return Math.min(MOST_ALERT, Math.max(least, (margin * (this.#before[slot] ?? 0)) / PER_BYTE));
  }

  #closeDay(slot: number, day: number): void {
    this.#before[slot] = Math.max(this.#today[slot] ?? 0, DECAY * (this.#before[slot] ?? 0));
    this.#today[slot] = 0;
    this.#day[slot] = day;
  }
}

function weights(suspicious: (p0: number) => number): Weights {
  const up = new Float64Array(LEVELS);
  const down = new Float64Array(LEVELS);
  for (let level = 0; level < LEVELS; level++) {
    const p0 = rateOf(level);
    const p1 = suspicious(p0);
    up[level] = Math.log(p1 / p0);
    down[level] = Math.log((1 - p1) / (1 - p0));
  }
  return { up, down };
}
