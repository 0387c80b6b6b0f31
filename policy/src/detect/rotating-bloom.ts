import { Bloom } from './bloom.ts';
import type { ByteReader, ByteWriter } from './saved-bytes.ts';

export interface Rotation {
  /** Of each of the two filters; a power of two. */
  readonly bytes: number;
  /** An id is remembered for at least this long, at most for twice as long. */
  readonly periodMs: number;
  /** More ids than this rotate earlier, so that the filter never fills up with "seen". */
  readonly maxIds: number;
}

/** What was shown to a workload: 0.04 % of unknown ids pass for known ones when both filters are full. */
export const SHOWN_ROTATION: Rotation = { bytes: 64 * 1024, periodMs: 15 * 60_000, maxIds: 20_000 };

/** Two filters that take turns: ids are forgotten after a while, and memory never grows. */
export class RotatingBloom {
  /** How often what is old was forgotten. */
  rotations = 0;
  readonly #rotation: Rotation;
  #current: Bloom;
  #previous: Bloom;
  #ids = 0;
  #rotatedAt: number;

  constructor(rotation: Rotation, now: number) {
    this.#rotation = rotation;
    this.#current = new Bloom(rotation.bytes);
    this.#previous = new Bloom(rotation.bytes);
    this.#rotatedAt = now;
  }

  /** Ids added since the last rotation. */
  get size(): number {
    return this.#ids;
  }

  /** Forgets what is old; before each look or addition. */
  advance(now: number): void {
    const age = now - this.#rotatedAt;
    if (age < this.#rotation.periodMs) return;
    this.#rotate(now);
    if (age >= 2 * this.#rotation.periodMs) this.#previous.clear();
  }

  /** Whether the id was in neither filter. */
  add(h1: number, h2: number, now: number): boolean {
    const wasKnown = this.#previous.has(h1, h2);
    return this.renew(h1, h2, now) && !wasKnown;
  }

  /** Whether the id would have been forgotten earlier without this. */
  renew(h1: number, h2: number, now: number): boolean {
    if (!this.#current.add(h1, h2)) return false;
    this.#ids++;
    if (this.#ids >= this.#rotation.maxIds) this.#rotate(now);
    return true;
  }

  /** Whether it is remembered for a whole period from now on. */
  isFresh(h1: number, h2: number): boolean {
    return this.#current.has(h1, h2);
  }

  has(h1: number, h2: number): boolean {
    return this.#current.has(h1, h2) || this.#previous.has(h1, h2);
  }

  /** Bytes that `save` writes. */
  static saved({ bytes }: Rotation): number {
    return 8 + 4 + 2 * bytes;
  }

  /** `laterMs`: by how much the clock that it is restored by is ahead of this one's. */
  save(to: ByteWriter, laterMs = 0): void {
    to.f64(this.#rotatedAt + laterMs);
    to.u32(this.#ids);
    this.#current.save(to);
    this.#previous.save(to);
  }

  restore(from: ByteReader): void {
    this.#rotatedAt = Math.min(this.#rotatedAt, from.f64());
    this.#ids = Math.min(this.#rotation.maxIds - 1, from.u32());
    this.#current.restore(from);
    this.#previous.restore(from);
  }

  #rotate(now: number): void {
    const emptied = this.#previous;
    emptied.clear();
    this.#previous = this.#current;
    this.#current = emptied;
    this.#ids = 0;
    this.#rotatedAt = now;
    this.rotations++;
  }
}
