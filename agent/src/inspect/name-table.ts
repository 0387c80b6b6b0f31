import { ascii } from '../kernel/bytes.ts';
import { textHash } from '../kernel/text-hash.ts';
import { FORM, formOf } from './id-form.ts';
import { INSPECT_LIMITS } from './limits.ts';
import { factsOf, NAME, type NameKind, SHORTEST } from './name-facts.ts';
import type { TypeTable } from './type-table.ts';

/** Names that there was no room for. */
export const OTHER_NAME = 0;
/** Elements of arrays. */
export const ANY_NAME = 1;
/** The names of the members of maps, where they are ids themselves. */
export const KEY_NAME = 2;
/** Members of objects that are used as maps: their names are ids, or long. Reads as `ANY_NAME`; a place tells which it was. */
export const MAP_NAME = 3;
export const FIRST_NAME = 4;
/** As a type in these tables: that of the object round it. */
export const INHERITED = -1;
const UNASKED = -2;

const { names: CAPACITY, nameBytes: STRIDE } = INSPECT_LIMITS;
const SLOTS = CAPACITY * 2;
export const NAME_HASH_START = 0x811c9dc5 | 0;
export const NAME_HASH_PRIME = 0x01000193;
/** Last characters of names that are about ids: what is worth a look when the table is full. */
const LOWER_D = 0x64;
const LOWER_S = 0x73;
const TO_LOWER = 0x20;

/** Names of fields as small numbers, found by their bytes without making a string, with what they say. */
export class NameTable {
  readonly kinds = new Uint8Array(CAPACITY);
  /** Shorter values are no ids; and shorter ones are not even learnt about. */
  readonly shortest = new Uint8Array(CAPACITY).fill(SHORTEST[NAME.plain]);
  readonly shortestLearning = new Uint8Array(CAPACITY).fill(1);
  readonly types = new Int32Array(CAPACITY).fill(INHERITED);
  readonly entities = new Int32Array(CAPACITY).fill(INHERITED);
  readonly #insides = new Int32Array(CAPACITY).fill(UNASKED);
  /** 1 for names of lists. */
  readonly many = new Uint8Array(CAPACITY);
  readonly hashes = new Int32Array(CAPACITY);
  /** Names that were `OTHER_NAME`. */
  overflowed = 0;
  /** Of the current message: names that may still be looked at although there is no room for them. */
  #strange = 0;
  #count = FIRST_NAME;
  readonly #slots = new Int32Array(SLOTS);
  readonly #memory = new Uint8Array(CAPACITY * STRIDE);
  readonly #lengths = new Uint8Array(CAPACITY);
  readonly #typeTable: TypeTable;

  constructor(types: TypeTable) {
    this.#typeTable = types;
    this.hashes[ANY_NAME] = textHash('*');
    this.hashes[MAP_NAME] = textHash('*');
    this.hashes[KEY_NAME] = textHash('*key');
  }

  beginMessage(): void {
    this.#strange = INSPECT_LIMITS.strangeNames;
  }

  find(bytes: Uint8Array, start: number, end: number): number {
    let hash = NAME_HASH_START;
    for (let at = start; at < end; at++) hash = Math.imul(hash ^ (bytes[at] as number), NAME_HASH_PRIME);
    return this.findHashed(hash, bytes, start, end);
  }

  /** For who has computed the hash while looking for the name's end. */
  findHashed(hash: number, bytes: Uint8Array, start: number, end: number): number {
    if (end - start > STRIDE) return MAP_NAME;
    for (let slot = slotOf(hash); ; slot = (slot + 1) & (SLOTS - 1)) {
      const name = this.#slots[slot] as number;
      if (name === 0) return this.#add(slot, hash, bytes.subarray(start, end));
      if (this.hashes[name] === hash && this.#is(name, bytes, start, end)) return name;
    }
  }

  /** The type of a plain `id` in what has this name. Most names have nothing in them and are never asked. */
  insideOf(name: number): number {
    const known = this.#insides[name] as number;
    if (known !== UNASKED) return known;
    const inside = name < FIRST_NAME ? INHERITED : this.#numberOf(factsOf(this.textOf(name)).inside);
    this.#insides[name] = inside;
    return inside;
  }

  textOf(name: number): string {
    if (name < FIRST_NAME) return ['…', '*', '*key', '*'][name] ?? '';
    return ascii(this.#memory, name * STRIDE, name * STRIDE + (this.#lengths[name] as number));
  }

  #is(name: number, bytes: Uint8Array, start: number, end: number): boolean {
    const length = end - start;
    if (this.#lengths[name] !== length) return false;
    const from = name * STRIDE;
    for (let at = 0; at < length; at++) if (this.#memory[from + at] !== bytes[start + at]) return false;
    return true;
  }

  #add(slot: number, hash: number, name: Uint8Array): number {
    const form = formOf(name, 0, name.length);
    if (form !== FORM.none && form !== FORM.slug) return MAP_NAME;
    if (this.#count === CAPACITY) return this.#stranger(name);
    const number = this.#count++;
    this.#slots[slot] = number;
    this.hashes[number] = hash;
    this.#lengths[number] = name.length;
    this.#memory.set(name, number * STRIDE);
    this.#describe(number, name);
    return number;
  }

  /** Its facts are those of `OTHER_NAME` until the next such name. */
  #stranger(name: Uint8Array): number {
    this.overflowed++;
    const last = ((name.at(-1) ?? 0) | TO_LOWER) === LOWER_S ? name.at(-2) : name.at(-1);
    if (this.#strange > 0 && ((last ?? 0) | TO_LOWER) === LOWER_D) {
      this.#strange--;
      this.#describe(OTHER_NAME, name);
    } else this.#setKind(OTHER_NAME, NAME.plain);
    return OTHER_NAME;
  }

  #describe(number: number, name: Uint8Array): void {
    const { kind, type, entity, many } = factsOf(ascii(name, 0, name.length));
    this.#setKind(number, kind);
    this.many[number] = many ? 1 : 0;
    this.types[number] = this.#numberOf(type);
    this.entities[number] = this.#numberOf(entity);
  }

  #setKind(number: number, kind: NameKind): void {
    this.kinds[number] = kind;
    this.shortest[number] = SHORTEST[kind];
    this.shortestLearning[number] = kind === NAME.plain ? 1 : SHORTEST[kind];
  }

  #numberOf(type: string | null): number {
    return type === null ? INHERITED : this.#typeTable.intern(type);
  }
}

const slotOf = (hash: number): number => ((hash ^ (hash >>> 15)) >>> 0) & (SLOTS - 1);
