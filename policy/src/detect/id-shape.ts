/**
 * What kind of id it is. `random` are those nobody can guess (UUID v4, long hex); in `timed` ones (UUID v1, v6, v7,
 * ULID, ObjectId) the time of creation can be read, and their number is that time.
 */
export type IdForm = 'number' | 'timed' | 'random' | 'other';

export type IdShape = 'none' | 'sequential' | 'dense' | 'timed' | 'sparse';

/** Smoothing of the mean distance: about the last eight ids. */
const WEIGHT = 1 / 8;
const MIN_IDS = 8;
/** Steps that count as "the next one", in either direction. */
const NEAR = 4;
const MOSTLY = 0.6;
/** Ids per number in the range they come from. */
const DENSE = 0.3;
const MIN_DENSE_IDS = 16;
/** Milliseconds between ids by time of creation, as a power of two: about a minute. */
const MAX_TIMED_GAP = 16;

/**
 * How unexplained ids lie to each other, one sequence per slot. It says what it looks like and shortens the way to
 * a decision; alone it proves nothing: lists are often fetched in order.
 */
export class IdShapes {
  static readonly BYTES_PER_KEY = 3 * 8 + 2 * 4 + 2 + 1;
  readonly #last: Float64Array;
  readonly #least: Float64Array;
  readonly #greatest: Float64Array;
  /** Mean of log2 of the distance between ids that follow one another. */
  readonly #gap: Float32Array;
  readonly #near: Float32Array;
  readonly #count: Uint16Array;
  readonly #timed: Uint8Array;

  constructor(capacity: number) {
    this.#last = new Float64Array(capacity);
    this.#least = new Float64Array(capacity);
    this.#greatest = new Float64Array(capacity);
    this.#gap = new Float32Array(capacity);
    this.#near = new Float32Array(capacity);
    this.#count = new Uint16Array(capacity);
    this.#timed = new Uint8Array(capacity);
  }

  reset(slot: number): void {
    this.#count[slot] = 0;
  }

  see(slot: number, form: IdForm, value: number): void {
    if (form !== 'number' && form !== 'timed') return;
    const isTimed = form === 'timed' ? 1 : 0;
    const count = this.#timed[slot] === isTimed ? (this.#count[slot] ?? 0) : 0;
    if (count === 0) this.#start(slot, isTimed, value);
    else this.#follow(slot, value);
    this.#last[slot] = value;
    this.#count[slot] = Math.min(0xffff, count + 1);
  }

  shape(slot: number): IdShape {
    const count = this.#count[slot] ?? 0;
    if (count < MIN_IDS) return 'none';
    if (this.#timed[slot] === 1) return (this.#gap[slot] ?? 0) < MAX_TIMED_GAP ? 'timed' : 'sparse';
    if ((this.#near[slot] ?? 0) >= MOSTLY) return 'sequential';
    const span = (this.#greatest[slot] ?? 0) - (this.#least[slot] ?? 0) + 1;
    return count >= MIN_DENSE_IDS && count / span >= DENSE ? 'dense' : 'sparse';
  }

  #start(slot: number, timed: number, value: number): void {
    this.#timed[slot] = timed;
    this.#least[slot] = value;
    this.#greatest[slot] = value;
    this.#near[slot] = 0;
    this.#gap[slot] = MAX_TIMED_GAP;
  }

  #follow(slot: number, value: number): void {
    const distance = Math.abs(value - (this.#last[slot] ?? 0));
    const near = this.#near[slot] ?? 0;
    const gap = this.#gap[slot] ?? 0;
    this.#near[slot] = near + ((distance <= NEAR ? 1 : 0) - near) * WEIGHT;
    this.#gap[slot] = gap + (Math.log2(1 + distance) - gap) * WEIGHT;
    if (value < (this.#least[slot] ?? 0)) this.#least[slot] = value;
    if (value > (this.#greatest[slot] ?? 0)) this.#greatest[slot] = value;
  }
}
