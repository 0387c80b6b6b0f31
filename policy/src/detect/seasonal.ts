import type { ByteReader, ByteWriter } from './saved-bytes.ts';

const HOURS = 168;
const HOUR_MS = 3_600_000;
/** Steps per doubling, so that one byte reaches from 1 to 2^42. */
const STEPS = 6;
/** How far one hour can raise what the next week's is measured by: four times. */
const MAX_RISE = 2 * STEPS;
const SMOOTHING = 1 / 16;
/** Of a normal distribution, from the mean absolute deviation. */
const SIGMA_PER_DEVIATION = 1.25;
const FIRST_DEVIATION = 0.5;
/** As many doublings as there are. */
const MAX_DEVIATION = 42;

export interface SeasonalLimits {
  /** Never an anomaly below this multiple of what is usual … */
  readonly leastMultiple: number;
  /** … or below this amount. */
  readonly leastAmount: number;
}

/** What a key has done in this hour, beside what it usually does in this hour of the week. */
export interface Excess {
  readonly amount: number;
  readonly usual: number;
  readonly multiple: number;
}

/**
 * Amounts per hour of the week, one byte per hour and slot: logarithms, since what is worth noticing is a multiple.
 * An hour is measured by the busiest of its neighbours and of those a day ago, so that a job that slips by some
 * minutes is still itself, and so that the first week knows days already.
 */
export class Seasonal {
  /** Bytes that `save` writes. */
  static readonly SAVED = HOURS + 8 + 4 + 4 + 8 + 1;
  static readonly BYTES_PER_KEY = HOURS + 8 + 4 + 4 + 4 + 1;
  /** Hours by which the clock that weeks go by is ahead of the one that times are given by, which nobody sets. */
  ahead = 0;
  readonly #limits: SeasonalLimits;
  readonly #levels: Uint8Array;
  readonly #amount: Float64Array;
  /** Hours since the epoch: the current one, and the first. */
  readonly #hour: Uint32Array;
  readonly #since: Uint32Array;
  /** How far hours are from what they are measured by, on average, in doublings. */
  readonly #deviation: Float32Array;
  readonly #most: Uint8Array;

  constructor(capacity: number, limits: SeasonalLimits) {
    this.#limits = limits;
    this.#levels = new Uint8Array(capacity * HOURS);
    this.#amount = new Float64Array(capacity);
    this.#hour = new Uint32Array(capacity);
    this.#since = new Uint32Array(capacity);
    this.#deviation = new Float32Array(capacity);
    this.#most = new Uint8Array(capacity);
  }

  reset(slot: number, now: number): void {
    const hour = Math.floor(now / HOUR_MS);
    this.#levels.fill(0, slot * HOURS, (slot + 1) * HOURS);
    this.#amount[slot] = 0;
    this.#hour[slot] = hour;
    this.#since[slot] = hour;
    this.#deviation[slot] = FIRST_DEVIATION;
    this.#most[slot] = 0;
  }

  add(slot: number, amount: number, now: number): void {
    this.#turn(slot, now);
    this.#amount[slot] = (this.#amount[slot] ?? 0) + amount;
  }

  /**
   * Null while the hour is within what is usual, or while too little is known to say. `alertsPerWeek` are the anomalies of one
   * key that the operator accepts although nothing is wrong.
   */
  excess(slot: number, alertsPerWeek: number): Excess | null {
    const amount = this.#amount[slot] ?? 0;
    if (amount < this.#limits.leastAmount) return null;
    const known = (this.#hour[slot] ?? 0) - (this.#since[slot] ?? 0);
    if (known < 24) return null;
    const usual = amountOf(this.#expected(slot));
    // Before the first week is over, any hour may be its busiest.
    const least = this.#leastMultiple(slot, alertsPerWeek) * (known < HOURS ? 2 : 1);
    return amount < least * usual ? null : { amount, usual, multiple: amount / usual };
  }

  save(slot: number, to: ByteWriter): void {
    to.bytes(this.#levels.subarray(slot * HOURS, (slot + 1) * HOURS));
    to.f64(this.#amount[slot] ?? 0);
    to.u32(Math.max(0, (this.#hour[slot] ?? 0) + this.ahead));
    to.u32(Math.max(0, (this.#since[slot] ?? 0) + this.ahead));
    to.f64(this.#deviation[slot] ?? 0);
    to.u8(this.#most[slot] ?? 0);
  }

  /** Of a slot that was reset. Hours that nobody saw are no hours in which nothing was done. */
  restore(slot: number, from: ByteReader): void {
    from.bytes(this.#levels.subarray(slot * HOURS, (slot + 1) * HOURS));
    this.#amount[slot] = Math.max(0, from.f64());
    const now = this.#hour[slot] ?? 0;
    this.#hour[slot] = Math.min(now, from.u32());
    this.#since[slot] = Math.min(this.#hour[slot] ?? 0, from.u32());
    this.#deviation[slot] = Math.min(MAX_DEVIATION, Math.max(0, from.f64()));
    this.#most[slot] = from.u8();
  }

  #leastMultiple(slot: number, alertsPerWeek: number): number {
    const sigma = SIGMA_PER_DEVIATION * (this.#deviation[slot] ?? 0);
    // The tail of a normal distribution, so that one of the week's hours is beyond it as often as the budget says.
    const tail = Math.sqrt(2 * Math.max(0, Math.log(HOURS / alertsPerWeek)));
    return Math.max(this.#limits.leastMultiple, 2 ** (tail * sigma));
  }

  #turn(slot: number, now: number): void {
    const hour = Math.floor(now / HOUR_MS);
    const last = this.#hour[slot] ?? 0;
    if (hour === last) return;
    this.#close(slot, last);
    this.#amount[slot] = 0;
    this.#hour[slot] = hour;
  }

  #close(slot: number, hour: number): void {
    const at = slot * HOURS + this.#ofWeek(hour);
    const level = levelOf(this.#amount[slot] ?? 0);
    const expected = this.#expected(slot);
    if (expected > 0) {
      const deviation = this.#deviation[slot] ?? 0;
      const distance = Math.min(MAX_RISE, Math.abs(level - expected)) / STEPS;
      this.#deviation[slot] = deviation + (distance - deviation) * SMOOTHING;
    }
    const old = this.#levels[at] ?? 0;
    const isLearning = hour - (this.#since[slot] ?? 0) < HOURS;
    const next = isLearning || level < old ? level : Math.min(level, Math.max(old, expected) + MAX_RISE);
    this.#levels[at] = old === 0 ? next : Math.round((old + next) / 2);
    this.#most[slot] = Math.max(this.#most[slot] ?? 0, this.#levels[at] ?? 0);
  }

  /** The level that the current hour is measured by; an hour that was never busy, by the busiest. */
  #expected(slot: number): number {
    const hour = this.#hour[slot] ?? 0;
    const usual = Math.max(this.#busiestAround(slot, hour), this.#busiestAround(slot, hour - 24));
    return usual || (this.#most[slot] ?? 0);
  }

  #busiestAround(slot: number, hour: number): number {
    const at = slot * HOURS;
    const before = this.#levels[at + this.#ofWeek(hour - 1)] ?? 0;
    const after = this.#levels[at + this.#ofWeek(hour + 1)] ?? 0;
    return Math.max(before, this.#levels[at + this.#ofWeek(hour)] ?? 0, after);
  }

  #ofWeek(hour: number): number {
    const rest = (hour + this.ahead) % HOURS;
    return rest < 0 ? rest + HOURS : rest;
  }
}

function levelOf(amount: number): number {
  return amount < 1 ? 0 : Math.min(255, 1 + Math.round(STEPS * Math.log2(amount)));
}

function amountOf(level: number): number {
  return level === 0 ? 1 : 2 ** ((level - 1) / STEPS);
}
