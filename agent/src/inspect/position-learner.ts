import { type FoundId, type LearntPlaces, VERDICT, type Verdict } from './id-collector.ts';
import { FORM } from './id-form.ts';
import { OWN_TYPE } from './type-table.ts';

/** Places of operations that are learnt about. */
const CAPACITY = 4096;
const SLOTS = CAPACITY * 2;
/** Values that are remembered, to be recognized when somebody asks for them. */
const RECENT = 8192;
/** Operations are told apart by so many bits, places by so many more. */
const OPERATION_BITS = 18;
const PLACE_BITS = 13;

/** Values after which a place is judged by how different they are. */
const FIRST_LOOK = 64;
/** As many bits of 32 that its values set: so few are a constant or an enumeration. */
const FEW = 4;
/** Values after which a place that nobody has asked for anything of is given up. */
const GIVE_UP = 4096;
/** Different values that were asked for, all as one type, before a place is known for ids. */
const EXCHANGES = 8;
/** Smaller numbers are asked for by chance: quantities, pages, prices. */
const SMALLEST_NUMBER = 1000;

/**
 * Learns which places of which operations have ids although nothing says so, and what of: `sku` in a list of items, where
 * `GET /products/{id}` is asked with such values afterwards. By the hash of the values; none is kept.
 *
 * Bounded: what there is no room for is not learnt, which is counted, and stays what it looks like.
 */
export class PositionLearner implements LearntPlaces {
  overflowed = 0;
  #operation = 0;
  #count = 0;
  readonly #keys = new Int32Array(SLOTS).fill(-1);
  readonly #verdicts = new Uint8Array(SLOTS);
  readonly #types = new Int32Array(SLOTS);
  readonly #samples = new Uint16Array(SLOTS);
  readonly #spread = new Int32Array(SLOTS);
  readonly #exchanges = new Uint8Array(SLOTS);
  readonly #lastAsked = new Int32Array(SLOTS);
  readonly #recent1 = new Int32Array(RECENT);
  readonly #recent2 = new Int32Array(RECENT);
  readonly #recentSlot = new Int32Array(RECENT).fill(-1);

  /** Whose messages are read from now on. The number is the caller's; equal ones share what is learnt. */
  use(operation: number): void {
    this.#operation = operation & ((1 << OPERATION_BITS) - 1);
  }

  verdict(position: number): Verdict {
    const slot = this.#find(position);
    return this.#keys[slot] === -1 ? VERDICT.unknown : (this.#verdicts[slot] as Verdict);
  }

  typeAt(position: number): number {
    return this.#types[this.#find(position)] as number;
  }

  observe(value: FoundId): void {
    if (value.form === FORM.int && value.numeric >= 0 && value.numeric < SMALLEST_NUMBER) return;
    const slot = this.#find(value.position);
    if (this.#keys[slot] === -1 && !this.#add(slot, value.position)) return;
    const samples = (this.#samples[slot] as number) + 1;
    this.#samples[slot] = samples;
    this.#spread[slot] = (this.#spread[slot] as number) | (1 << (value.h1 & 31));
    const constant = samples === FIRST_LOOK && bitsOf(this.#spread[slot] as number) <= FEW;
    if (constant || samples === GIVE_UP) this.#verdicts[slot] = VERDICT.plain;
    const at = value.h1 & (RECENT - 1);
    this.#recent1[at] = value.h1;
    this.#recent2[at] = value.h2;
    this.#recentSlot[at] = slot;
  }

  /** An object was asked for by this id: if a value like it came by before, then from a place of ids of its type. */
  asked(id: FoundId): void {
    // These are the same wherever they are.
    if (id.idType === OWN_TYPE) return;
    const at = id.own1 & (RECENT - 1);
    const slot = this.#recentSlot[at] as number;
    if (slot < 0 || this.#recent1[at] !== id.own1 || this.#recent2[at] !== id.own2) return;
    if (this.#lastAsked[slot] === id.own1 || this.#verdicts[slot] !== VERDICT.unknown) return;
    this.#lastAsked[slot] = id.own1;
    const exchanges = this.#exchanges[slot] as number;
    // A majority vote (Boyer and Moore): other types take away what one has gathered.
    if (exchanges === 0) this.#types[slot] = id.idType;
    const same = this.#types[slot] === id.idType;
    this.#exchanges[slot] = exchanges + (same || exchanges === 0 ? 1 : -1);
    if (this.#exchanges[slot] === EXCHANGES) this.#verdicts[slot] = VERDICT.id;
  }

  /** The slot of a place of the current operation, or the free one that it would take. */
  #find(position: number): number {
    const key = (this.#operation << PLACE_BITS) | position;
    let slot = (Math.imul(key, 0x9e3779b1) >>> 16) & (SLOTS - 1);
    for (; this.#keys[slot] !== -1 && this.#keys[slot] !== key; slot = (slot + 1) & (SLOTS - 1));
    return slot;
  }

  #add(slot: number, position: number): boolean {
    if (this.#count === CAPACITY) {
      this.overflowed++;
      return false;
    }
    this.#count++;
    this.#keys[slot] = (this.#operation << PLACE_BITS) | position;
    return true;
  }
}

function bitsOf(word: number): number {
  let count = 0;
  for (let rest = word; rest !== 0; rest &= rest - 1) count++;
  return count;
}
