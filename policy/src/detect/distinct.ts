/** Bits per epoch and key; 16 words. */
const BITS = 512;
const WORDS = BITS / 32;
const CLOSED_DAYS = 7;
/** Sample at most one id in 64. */
const MAX_SCALE = 6;
const FULLER = Math.round(BITS * 0.75);
const EMPTIER = Math.round(BITS * 0.15);

/** Up to this many ids per ten minutes are nobody's enumeration. */
export const LEAST_THRESHOLD = 20;
/** Above the most that the key has ever had in an epoch of the last week. */
export const MARGIN = 1.5;
/** How far one day can raise what the next ones are measured by. */
const MAX_GROWTH = 2;

/** Linear counting: n = −m ln(empty / m); about 3 % off up to 500 ids. */
const ESTIMATE = Float64Array.from({ length: BITS + 1 }, (_, ones) =>
  ones === BITS ? BITS * Math.log(BITS) : -BITS * Math.log1p(-ones / BITS),
);

/**
 * How many different ids a key asked for in this epoch and the one before, against its own busiest hours. Keys with
 * thousands of ids per epoch look at one in two, in four … ids, so that 512 bits are enough for them too.
 */
export class DistinctIds {
  static readonly BYTES_PER_KEY = 2 * WORDS * 4 + 4 + 2 * 2 + 1 + 1 + 2 * (CLOSED_DAYS + 1);
  /** Numbers that `save` gives. */
  static readonly SAVED = CLOSED_DAYS + 2;
  readonly #epochsPerDay: number;
  readonly #current: Uint32Array;
  readonly #previous: Uint32Array;
  readonly #epoch: Uint32Array;
  /** Bits set in the current epoch, and in any of the two. */
  readonly #ones: Uint16Array;
  readonly #union: Uint16Array;
  readonly #scale: Uint8Array;
  readonly #days: Uint8Array;
  /** Per slot the busiest epoch of this day, then of the last seven. */
  readonly #busiest: Uint16Array;

  constructor(capacity: number, epochsPerDay: number) {
    this.#epochsPerDay = epochsPerDay;
    this.#current = new Uint32Array(capacity * WORDS);
    this.#previous = new Uint32Array(capacity * WORDS);
    this.#epoch = new Uint32Array(capacity);
    this.#ones = new Uint16Array(capacity);
    this.#union = new Uint16Array(capacity);
    this.#scale = new Uint8Array(capacity);
    this.#days = new Uint8Array(capacity);
    this.#busiest = new Uint16Array(capacity * (CLOSED_DAYS + 1));
  }

  reset(slot: number, epoch: number): void {
    this.#clear(slot);
    this.#epoch[slot] = epoch;
    this.#scale[slot] = 0;
    this.#days[slot] = 0;
    this.#busiest.fill(0, slot * (CLOSED_DAYS + 1), (slot + 1) * (CLOSED_DAYS + 1));
  }

  add(slot: number, hash: number, epoch: number): void {
    if (epoch !== this.#epoch[slot]) this.#turn(slot, epoch);
    const scale = this.#scale[slot] ?? 0;
    if (scale > 0 && hash >>> (32 - scale) !== 0) return;
    const at = slot * WORDS + ((hash >>> 5) & (WORDS - 1));
    const flag = 1 << (hash & 31);
    const word = this.#current[at] ?? 0;
    if ((word & flag) !== 0) return;
    this.#current[at] = word | flag;
    this.#ones[slot] = (this.#ones[slot] ?? 0) + 1;
    if (((this.#previous[at] ?? 0) & flag) === 0) this.#union[slot] = (this.#union[slot] ?? 0) + 1;
  }

  count(slot: number): number {
    return (ESTIMATE[this.#union[slot] ?? 0] ?? 0) * (1 << (this.#scale[slot] ?? 0));
  }

  threshold(slot: number): number {
    const most = (this.#days[slot] ?? 0) > 0 ? this.#closedMost(slot) : this.#today(slot);
    return Math.max(LEAST_THRESHOLD, MARGIN * most);
  }

  /** Whole days that were seen, up to seven. */
  days(slot: number): number {
    return this.#days[slot] ?? 0;
  }

  /** Days, and the busiest epoch of each; which ids there were is not told. */
  save(slot: number): number[] {
    const at = slot * (CLOSED_DAYS + 1);
    return [this.days(slot), ...this.#busiest.subarray(at, at + CLOSED_DAYS + 1)];
  }

  /** Of a slot that was reset. */
  restore(slot: number, [days = 0, ...busiest]: readonly number[]): void {
    this.#days[slot] = Math.min(CLOSED_DAYS, days);
    for (let i = 0; i <= CLOSED_DAYS; i++)
      this.#busiest[slot * (CLOSED_DAYS + 1) + i] = Math.min(0xffff, busiest[i] ?? 0);
  }

  #turn(slot: number, epoch: number): void {
    const last = this.#epoch[slot] ?? 0;
    this.#closeEpoch(slot);
    if (Math.floor(epoch / this.#epochsPerDay) !== Math.floor(last / this.#epochsPerDay))
      this.#closeDay(slot);
    if (epoch !== last + 1 || this.#rescale(slot)) this.#clear(slot);
    else this.#shift(slot);
    this.#epoch[slot] = epoch;
  }

  /** One epoch's excess becomes usual only so far: else the first attack would hide the second. */
  #closeEpoch(slot: number): void {
    const isLearning = (this.#days[slot] ?? 0) === 0;
    const most = isLearning ? 0xffff : MAX_GROWTH * Math.max(LEAST_THRESHOLD, this.#closedMost(slot));
    const count = Math.min(0xffff, most, this.count(slot));
    if (count > this.#today(slot)) this.#busiest[slot * (CLOSED_DAYS + 1)] = count;
  }

  #closeDay(slot: number): void {
    const at = slot * (CLOSED_DAYS + 1);
    this.#busiest.copyWithin(at + 1, at, at + CLOSED_DAYS);
    this.#busiest[at] = 0;
    this.#days[slot] = Math.min(CLOSED_DAYS, (this.#days[slot] ?? 0) + 1);
  }

  #rescale(slot: number): boolean {
    const scale = this.#scale[slot] ?? 0;
    const ones = this.#ones[slot] ?? 0;
    if (ones > FULLER && scale < MAX_SCALE) this.#scale[slot] = scale + 1;
    else if (ones < EMPTIER && scale > 0) this.#scale[slot] = scale - 1;
    else return false;
    return true;
  }

  #shift(slot: number): void {
    const at = slot * WORDS;
    for (let i = at; i < at + WORDS; i++) this.#previous[i] = this.#current[i] ?? 0;
    this.#current.fill(0, at, at + WORDS);
    this.#union[slot] = this.#ones[slot] ?? 0;
    this.#ones[slot] = 0;
  }

  #clear(slot: number): void {
    const at = slot * WORDS;
    this.#current.fill(0, at, at + WORDS);
    this.#previous.fill(0, at, at + WORDS);
    this.#ones[slot] = 0;
    this.#union[slot] = 0;
  }

  #today(slot: number): number {
    return this.#busiest[slot * (CLOSED_DAYS + 1)] ?? 0;
  }

  #closedMost(slot: number): number {
    const at = slot * (CLOSED_DAYS + 1);
    let most = 0;
    for (let i = at + 1; i <= at + CLOSED_DAYS; i++) most = Math.max(most, this.#busiest[i] ?? 0);
    return most;
  }
}
