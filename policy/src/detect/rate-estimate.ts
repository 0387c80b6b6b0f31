import { levelOf, NOT_INFORMATIVE } from './rate-level.ts';

/** The usual rate is looked at again after this many observations. */
const REFRESH = 32;
/** A day that saw fewer is taken together with the next: a weekend must not teach that everything is quiet. */
export const MIN_PER_DAY = 200;
const DAYS = 3;
/** Beyond it both counts are halved. */
const MAX_TOTAL = { exact: 0xffffffff, rough: 0xffff };

/** How a rate is bounded by what was seen of it. */
export interface Bound {
  /** In 100 observations that were not made: what it begins with. */
  readonly prior: number;
  /** Standard deviations above the mean. */
  readonly deviations: number;
}
const CERTAIN: Bound = { prior: 1, deviations: 3 };

/** Above the mean of a Beta posterior. */
export function upperBound(hits: number, total: number, { prior, deviations } = CERTAIN): number {
  const p = (hits + prior) / (total + 100);
  return Math.min(0.95, Math.max(0.01, p + deviations * Math.sqrt((p * (1 - p)) / (total + 100))));
}

/**
 * How often something usually happens, one Bernoulli rate per slot, as a level. On the first day it is the bound so
 * far; after that the lowest bound of the last three days, so that whoever wants to make noise usual has to make it
 * for three days. A new image may have new habits and starts over, but not from below what was usual.
 */
export class RateEstimate {
  static readonly BYTES_PER_KEY = { exact: 4 * 2 + 1 + DAYS + 3, rough: 2 * 2 + 1 + DAYS + 3 };
  /** Numbers that `save` gives. */
  static readonly SAVED = 2 + DAYS;
  readonly #hits: Uint32Array | Uint16Array;
  readonly #total: Uint32Array | Uint16Array;
  readonly #maxTotal: number;
  readonly #bound: Bound;
  /** The day, as a byte: who comes back after 256 of them goes on with the same. */
  readonly #day: Uint8Array;
  /** Levels of the last closed days, the newest first. */
  readonly #closed: Uint8Array;
  readonly #closedCount: Uint8Array;
  readonly #least: Uint8Array;
  readonly #level: Uint8Array;

  /** `rough` takes less memory; where a day has very many observations, the rate is rounded up a little more. */
  constructor(capacity: number, counts: 'exact' | 'rough' = 'exact', bound = CERTAIN) {
    const Counts = counts === 'exact' ? Uint32Array : Uint16Array;
    this.#maxTotal = MAX_TOTAL[counts];
    this.#hits = new Counts(capacity);
    this.#total = new Counts(capacity);
    this.#bound = bound;
    this.#day = new Uint8Array(capacity);
    this.#closed = new Uint8Array(capacity * DAYS);
    this.#closedCount = new Uint8Array(capacity);
    this.#least = new Uint8Array(capacity);
    this.#level = new Uint8Array(capacity);
  }

  level(slot: number): number {
    return this.#level[slot] ?? NOT_INFORMATIVE;
  }

  /** Observations of the day so far, as they are counted. */
  total(slot: number): number {
    return this.#total[slot] ?? 0;
  }

  reset(slot: number, day: number): void {
    this.#closedCount[slot] = 0;
    this.#least[slot] = 0;
    this.#startDay(slot, day);
    this.#refresh(slot);
  }

  /** A new image: learn anew, keep what was known as the least. */
  renew(slot: number, day: number): void {
    this.#least[slot] = this.level(slot);
    this.#closedCount[slot] = 0;
    this.#startDay(slot, day);
  }

  observe(slot: number, day: number, x: boolean): void {
    if ((day & 0xff) !== this.#day[slot]) this.#turnDay(slot, day);
    if (this.total(slot) === this.#maxTotal) this.#halve(slot);
    if (x) this.#hits[slot] = (this.#hits[slot] ?? 0) + 1;
    const total = this.total(slot) + 1;
    this.#total[slot] = total;
    if (total % REFRESH === 0) this.#refresh(slot);
  }

  /** Levels and their count; see `SAVED`. The day that is not over yet counts by its level. */
  save(slot: number): number[] {
    const at = slot * DAYS;
    const closed = Array.from(this.#closed.subarray(at, at + DAYS));
    const count = this.#closedCount[slot] ?? 0;
    return [count === 0 ? this.level(slot) : (this.#least[slot] ?? 0), count, ...closed];
  }

  /** Of a slot that was reset. */
  restore(slot: number, saved: readonly number[]): void {
    const [least = 0, count = 0, ...closed] = saved;
    this.#least[slot] = Math.min(NOT_INFORMATIVE, least);
    this.#closedCount[slot] = Math.min(DAYS, count);
    for (let i = 0; i < DAYS; i++) this.#closed[slot * DAYS + i] = Math.min(NOT_INFORMATIVE, closed[i] ?? 0);
    this.#refresh(slot);
  }

  #turnDay(slot: number, day: number): void {
    if (this.total(slot) >= MIN_PER_DAY) this.#closeDay(slot, day);
    else this.#day[slot] = day;
  }

  #closeDay(slot: number, day: number): void {
    const at = slot * DAYS;
    this.#closed.copyWithin(at + 1, at, at + DAYS - 1);
    this.#closed[at] = this.#levelSoFar(slot);
    this.#closedCount[slot] = Math.min(DAYS, (this.#closedCount[slot] ?? 0) + 1);
    this.#startDay(slot, day);
    this.#refresh(slot);
  }

  #halve(slot: number): void {
    this.#hits[slot] = (this.#hits[slot] ?? 0) >>> 1;
    this.#total[slot] = this.total(slot) >>> 1;
  }

  #startDay(slot: number, day: number): void {
    this.#hits[slot] = 0;
    this.#total[slot] = 0;
    this.#day[slot] = day;
  }

  #refresh(slot: number): void {
    const count = this.#closedCount[slot] ?? 0;
    if (count === 0) {
      this.#level[slot] = Math.max(this.#least[slot] ?? 0, this.#levelSoFar(slot));
      return;
    }
    let lowest = NOT_INFORMATIVE;
    for (let i = 0; i < count; i++) lowest = Math.min(lowest, this.#closed[slot * DAYS + i] ?? 0);
    this.#level[slot] = lowest;
  }

  #levelSoFar(slot: number): number {
    return levelOf(upperBound(this.#hits[slot] ?? 0, this.total(slot), this.#bound));
  }
}
