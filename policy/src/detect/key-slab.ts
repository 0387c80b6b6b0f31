/** Looked at from the least recently used end, to find one without evidence against it. */
const CANDIDATES = 8;
/** So many, where one owner has so large a part of all keys that its own should go. */
const CANDIDATES_IN_FLOOD = 64;
const GREEDY_PART = 1 / 8;
/** More than there ever is evidence. */
const OTHERS_KEY = 1e9;
const NONE = -1;

export interface SlabHooks {
  /** The evidence that would be lost with a slot. */
  evidence(slot: number): number;
  /** A slot starts over as another key's. */
  reset(slot: number): void;
}

/**
 * A fixed number of slots for keys that are known as two 32-bit hashes, each with an owner; columns beside it hold their
 * state. When it is full, the least recently used of the last few goes, the one with the least evidence: a flood of new keys
 * must not wash away an attacker's. Nor those of others: whoever owns most keys, and more than a part of all, gives up its own.
 */
export class KeySlab {
  static readonly BYTES_PER_KEY = 5 * 4;
  readonly capacity: number;
  readonly #hooks: SlabHooks;
  readonly #high: Uint32Array;
  readonly #low: Uint32Array;
  readonly #owner: Uint32Array;
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
  /** How many keys each owner has. */
  readonly #held = new Map<number, number>();
  /** Who has most of them. */
  #largest = 0;

  constructor(capacity: number, hooks: SlabHooks) {
    this.capacity = capacity;
    this.#hooks = hooks;
    this.#high = new Uint32Array(capacity);
    this.#low = new Uint32Array(capacity);
    this.#owner = new Uint32Array(capacity);
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

  /**
   * The slot of a key, which becomes the most recently used; a new key gets a fresh one. Who does not say whose it is, means
   * that the first half says so.
   */
  slot(high: number, low: number, owner = high): number {
    const cell = this.#cellOf(high, low);
    const found = this.#index[cell] ?? NONE;
    if (found !== NONE) {
      this.#touch(found);
      return found;
    }
    return this.#claim(high, low, owner >>> 0);
  }

  /** The key that a slot belongs to. */
  keyOf(slot: number): readonly [high: number, low: number] {
    return [this.#high[slot] ?? 0, this.#low[slot] ?? 0];
  }

  find(high: number, low: number): number | null {
    const slot = this.#index[this.#cellOf(high, low)] ?? NONE;
    return slot === NONE ? null : slot;
  }

  #claim(high: number, low: number, owner: number): number {
    const slot = this.#size === this.capacity ? this.#evict() : this.#size++;
    this.#high[slot] = high;
    this.#low[slot] = low;
    this.#owner[slot] = owner;
    this.#count(owner);
    // Looked for again: an eviction moves cells.
    this.#index[this.#cellOf(high, low)] = slot;
    this.#link(slot);
    this.#hooks.reset(slot);
    return slot;
  }

  #evict(): number {
    const isFlood = (this.#held.get(this.#largest) ?? 0) > this.capacity * GREEDY_PART;
    const most = isFlood ? CANDIDATES_IN_FLOOD : CANDIDATES;
    let victim = this.#oldest;
    let least = this.#worth(victim, isFlood);
    for (let i = 1, slot = this.#newer[victim] ?? NONE; i < most && slot !== NONE && least > 0; i++) {
      const evidence = this.#worth(slot, isFlood);
      // Of equals the last, so that those before it get out of the way.
      if (evidence <= least) {
        victim = slot;
        least = evidence;
      }
      slot = this.#newer[slot] ?? NONE;
    }
    // Whoever was passed over is safe for another round, else they would fill the end of the list.
    for (let slot = this.#oldest; slot !== victim; slot = this.#oldest) this.#touch(slot);
    this.#unlink(victim);
    this.#removeCell(victim);
    this.#discount(this.#owner[victim] ?? 0);
    this.#evictions++;
    return victim;
  }

  /** What would be lost with it. */
  #worth(slot: number, isFlood: boolean): number {
    const evidence = this.#hooks.evidence(slot);
    return isFlood && this.#owner[slot] !== this.#largest ? OTHERS_KEY + evidence : evidence;
  }

  #count(owner: number): void {
    const held = (this.#held.get(owner) ?? 0) + 1;
    this.#held.set(owner, held);
    if (held > (this.#held.get(this.#largest) ?? 0)) this.#largest = owner;
  }

  #discount(owner: number): void {
    const held = (this.#held.get(owner) ?? 0) - 1;
    if (held > 0) this.#held.set(owner, held);
    else this.#held.delete(owner);
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
