/** Looked at from the least recently used end, to find one without evidence against it. */
const CANDIDATES = 8;
const NONE = -1;

export interface SlabHooks {
  /** The evidence that would be lost with a slot. */
  evidence(slot: number): number;
  /** A slot starts over as another key's. */
  reset(slot: number): void;
}

/**
 * A fixed number of slots for keys that are known as two 32-bit hashes; columns beside it hold their state. When it
 * is full, the least recently used of the last few goes, the one with the least evidence: a flood of
 * new keys must not wash away an attacker's.
 */
export class KeySlab {
  static readonly BYTES_PER_KEY = 4 * 4;
  readonly capacity: number;
  readonly #hooks: SlabHooks;
  readonly #high: Uint32Array;
  readonly #low: Uint32Array;
  /** Towards the more, and towards the less recently used. */
  readonly #newer: Int32Array;
  readonly #older: Int32Array;
  /** Open addressing over slots, at most five eighths full. */
  readonly #index: Int32Array;
  readonly #mask: number;
  #newest = NONE;
  #oldest = NONE;
  #size = 0;
  #evictions = 0;

  constructor(capacity: number, hooks: SlabHooks) {
    this.capacity = capacity;
    this.#hooks = hooks;
    this.#high = new Uint32Array(capacity);
    this.#low = new Uint32Array(capacity);
    this.#newer = new Int32Array(capacity);
    this.#older = new Int32Array(capacity);
    const cells = 2 ** Math.ceil(Math.log2(capacity * 1.6));
    this.#index = new Int32Array(cells).fill(NONE);
    this.#mask = cells - 1;
  }

  get size(): number {
    return this.#size;
  }

  get evictions(): number {
    return this.#evictions;
  }

  get bytes(): number {
    return this.capacity * KeySlab.BYTES_PER_KEY + this.#index.byteLength;
  }

  /** The slot of a key, which becomes the most recently used; a new key gets a fresh one. */
  slot(high: number, low: number): number {
    const cell = this.#cellOf(high, low);
    const found = this.#index[cell] ?? NONE;
    if (found !== NONE) {
      this.#touch(found);
      return found;
    }
    return this.#claim(high, low, cell);
  }

  /** The key that a slot belongs to. */
  keyOf(slot: number): readonly [high: number, low: number] {
    return [this.#high[slot] ?? 0, this.#low[slot] ?? 0];
  }

  find(high: number, low: number): number | null {
    const slot = this.#index[this.#cellOf(high, low)] ?? NONE;
    return slot === NONE ? null : slot;
  }

  #claim(high: number, low: number, cell: number): number {
    const isFull = this.#size === this.capacity;
    const slot = isFull ? this.#evict() : this.#size++;
    this.#high[slot] = high;
    this.#low[slot] = low;
    // An eviction moves cells.
    this.#index[isFull ? this.#cellOf(high, low) : cell] = slot;
    this.#link(slot);
    this.#hooks.reset(slot);
    return slot;
  }

  #evict(): number {
    let victim = this.#oldest;
    let least = this.#hooks.evidence(victim);
    for (let i = 1, slot = this.#newer[victim] ?? NONE; i < CANDIDATES && slot !== NONE && least > 0; i++) {
      const evidence = this.#hooks.evidence(slot);
      if (evidence < least) {
        victim = slot;
        least = evidence;
      }
      slot = this.#newer[slot] ?? NONE;
    }
    // Whoever was passed over is safe for another round, else they would fill the end of the list.
    for (let slot = this.#oldest; slot !== victim; slot = this.#oldest) this.#touch(slot);
    this.#unlink(victim);
    this.#removeCell(victim);
    this.#evictions++;
    return victim;
  }

  /** The cell of the key, or the empty one where it belongs. */
  #cellOf(high: number, low: number): number {
    let cell = (high ^ Math.imul(low, 0x9e3779b1)) & this.#mask;
    for (;;) {
      const slot = this.#index[cell] ?? NONE;
      if (slot === NONE) return cell;
      if (this.#high[slot] === high >>> 0 && this.#low[slot] === low >>> 0) return cell;
      cell = (cell + 1) & this.#mask;
    }
  }

  /** Closes the gap, so that probing needs no tombstones, which a flood would heap up. */
  #removeCell(slot: number): void {
    let gap = this.#cellOf(this.#high[slot] ?? 0, this.#low[slot] ?? 0);
    for (let cell = (gap + 1) & this.#mask; ; cell = (cell + 1) & this.#mask) {
      const moved = this.#index[cell] ?? NONE;
      if (moved === NONE) break;
      const home = ((this.#high[moved] ?? 0) ^ Math.imul(this.#low[moved] ?? 0, 0x9e3779b1)) & this.#mask;
      if (((cell - home) & this.#mask) < ((cell - gap) & this.#mask)) continue;
      this.#index[gap] = moved;
      gap = cell;
    }
    this.#index[gap] = NONE;
  }

  #touch(slot: number): void {
    if (slot === this.#newest) return;
    this.#unlink(slot);
    this.#link(slot);
  }

  #link(slot: number): void {
    this.#older[slot] = this.#newest;
    this.#newer[slot] = NONE;
    if (this.#newest !== NONE) this.#newer[this.#newest] = slot;
    else this.#oldest = slot;
    this.#newest = slot;
  }

  #unlink(slot: number): void {
    const newer = this.#newer[slot] ?? NONE;
    const older = this.#older[slot] ?? NONE;
    if (newer === NONE) this.#newest = older;
    else this.#older[newer] = older;
    if (older === NONE) this.#oldest = newer;
    else this.#newer[older] = newer;
  }
}
