import { RotatingBloom, type Rotation } from './rotating-bloom.ts';
import type { ByteReader, ByteWriter } from './saved-bytes.ts';

/** Edges that nobody has used for one to two months are new again. */
const ROTATION: Rotation = { bytes: 64 * 1024, periodMs: 30 * 24 * 3_600_000, maxIds: 20_000 };
/** Edges of one caller among those of all, between two rotations: it takes eighty callers to fill them up. */
const SHARE = 256;

/**
 * Who has called what. What a caller has beyond its share is remembered apart, beside that of others who have as much: who
 * scans addresses makes nobody's edges new again but those.
 */
export class KnownEdges {
  static readonly BYTES = 4 * ROTATION.bytes;
  static readonly BYTES_PER_CALLER = 2;
  /** Bytes that `save` writes. Before there was anything apart it wrote half of them. */
  static readonly SAVED = 2 * RotatingBloom.saved(ROTATION);
  static readonly SAVED_BEFORE = RotatingBloom.saved(ROTATION);
  readonly #shared: RotatingBloom;
  readonly #beyond: RotatingBloom;
  /** How much of its share each caller has used, by its slot. */
  readonly #taken: Uint16Array;
  /** For the share, as `#shared` has it. */
  #rotations = 0;

  constructor(maxCallers: number, now: number) {
    this.#shared = new RotatingBloom(ROTATION, now);
    this.#beyond = new RotatingBloom(ROTATION, now);
    this.#taken = new Uint16Array(maxCallers);
  }

  /** Whether the edge is new; it is known from now on. `slot` is the caller's. */
  see(slot: number, caller: number, destination: number, now: number): boolean {
    this.#shared.advance(now);
    this.#beyond.advance(now);
    if (this.#shared.isFresh(caller, destination)) return false;
    const isNew = !this.#shared.has(caller, destination) && !this.#beyond.has(caller, destination);
    this.#remember(slot, caller, destination, now);
    return isNew;
  }

  /** The slot is another caller's from now on. */
  reset(slot: number): void {
    this.#taken[slot] = 0;
  }

  save(to: ByteWriter, laterMs: number): void {
    this.#shared.save(to, laterMs);
    this.#beyond.save(to, laterMs);
  }

  restore(from: ByteReader): void {
    this.#shared.restore(from);
    if (from.left > 0) this.#beyond.restore(from);
  }

  #remember(slot: number, caller: number, destination: number, now: number): void {
    if (this.#rotations !== this.#shared.rotations) {
      this.#rotations = this.#shared.rotations;
      this.#taken.fill(0);
    }
    const taken = this.#taken[slot] ?? 0;
    if (taken >= SHARE) {
      this.#beyond.renew(caller, destination, now);
      return;
    }
    this.#taken[slot] = taken + 1;
    this.#shared.renew(caller, destination, now);
  }
}
