import { textHash } from '../kernel/text-hash.ts';
import { INSPECT_LIMITS } from './limits.ts';
import { ANY_NAME, INHERITED, KEY_NAME, MAP_NAME, type NameTable } from './name-table.ts';

/** Where in a message a place is; a place by itself, and the parent of those within. */
export const ROOT = {
  other: 0,
  body: 1,
  query: 2,
  path: 3,
  form: 4,
  graphql: 5,
  protobuf: 6,
  location: 7,
} as const;
export type Root = (typeof ROOT)[keyof typeof ROOT];

const PREFIXES = ['…', '', 'query:', 'path:', 'form:', 'graphql:', 'pb:', 'location'] as const;
const { places: CAPACITY, names: NAMES } = INSPECT_LIMITS;
const SLOTS = CAPACITY * 2;
/** So deep, the names of a document are part of its shape. */
export const SHAPE_DEPTH = 4;

// Places in messages as small numbers: `/items/*/id`, `query:orderId`, `path:2`, `pb:1.3`. A place is its parent and a
// name (for paths and protobuf, a number). When the table is full, all new ones are `ROOT.other`.
export class PlaceTable {
  overflowed = 0;
  #count: number = PREFIXES.length;
  readonly #keys = new Int32Array(SLOTS).fill(-1);
  readonly #values = new Int32Array(SLOTS);
  readonly parents = new Int32Array(CAPACITY);
  /** By place: the last step to it. */
  readonly names = new Int32Array(CAPACITY);
  readonly #depths = new Uint8Array(CAPACITY);
  /** By place: what a value there is called; elements have the name of their list. */
  readonly labels = new Int32Array(CAPACITY).fill(ANY_NAME);
  /** By place: the type of a plain `id` there; INHERITED where that is for the operation to say. */
  readonly contexts = new Int32Array(CAPACITY).fill(INHERITED);
  /** By place: from the names only, so that agents agree. 0 for what is no part of a shape. */
  readonly hashes = new Int32Array(CAPACITY);
  /** By place: as `hashes`, of every place that there is. */
  readonly keys = new Int32Array(CAPACITY);
  readonly #nameTable: NameTable;

  constructor(names: NameTable) {
    this.#nameTable = names;
    for (const root of Object.values(ROOT)) this.parents[root] = root;
    this.hashes[ROOT.body] = textHash('body');
    for (const [name, root] of Object.entries(ROOT)) this.keys[root] = textHash(name);
  }

  /** `name` is a number of the table of names, or any below 4096. */
  child(parent: number, name: number): number {
    if (parent === ROOT.other || name >= NAMES) return ROOT.other;
    const key = parent * NAMES + name;
    for (let slot = slotOf(key); ; slot = (slot + 1) & (SLOTS - 1)) {
      const known = this.#keys[slot];
      if (known === key) return this.#values[slot] as number;
      if (known === -1) return this.#add(slot, key);
    }
  }

  describe(place: number): string {
    if (place < PREFIXES.length) return PREFIXES[place as Root] || '/';
    const names: string[] = [];
    let at = place;
    for (; at >= PREFIXES.length; at = this.parents[at] as number) names.push(this.#nameOf(at));
    names.reverse();
    const prefix = PREFIXES[at as Root];
    if (at === ROOT.protobuf) return prefix + names.join('.');
    return at === ROOT.body || at === ROOT.graphql
      ? `${prefix}/${names.join('/')}`
      : prefix + names.join('/');
  }

  /** Whether values of many objects come by here, so that they may well differ. */
  isMany(place: number): boolean {
    const root = this.rootOf(place);
    if (isNumbered(root)) return false;
    for (let at = place; at >= PREFIXES.length; at = this.parents[at] as number)
      if (isVarying(this.names[at] as number)) return true;
    return false;
  }

  rootOf(place: number): number {
    let at = place;
    while (at >= PREFIXES.length) at = this.parents[at] as number;
    return at;
  }

  /** Steps below its root. */
  depthOf(place: number): number {
    return this.#depths[place] as number;
  }

  #nameOf(place: number): string {
    const name = this.names[place] as number;
    const root = this.rootOf(place);
    return isNumbered(root) ? `${name}` : this.#nameTable.textOf(name);
  }

  #add(slot: number, key: number): number {
    if (this.#count === CAPACITY) {
      this.overflowed++;
      return ROOT.other;
    }
    const place = this.#count++;
    const parent = Math.floor(key / NAMES);
    const name = key % NAMES;
    this.#keys[slot] = key;
    this.#values[slot] = place;
    this.parents[place] = parent;
    this.names[place] = name;
    this.#depths[place] = Math.min(255, (this.#depths[parent] as number) + 1);
    const numbered = isNumbered(this.rootOf(place));
    const step = numbered ? name : (this.#nameTable.hashes[name] as number);
    if (!numbered) this.#describe(place, parent, name);
    this.keys[place] = Math.imul((this.keys[parent] as number) ^ step, 0x9e3779b1) + 1;
    const above = this.hashes[parent] as number;
    if (above !== 0 && (this.#depths[place] as number) <= SHAPE_DEPTH)
      this.hashes[place] = Math.imul(above ^ (this.#nameTable.hashes[name] as number), 0x9e3779b1) | 1;
    return place;
  }

  #describe(place: number, parent: number, name: number): void {
    const inside = this.#nameTable.insideOf(this.names[parent] as number);
    this.contexts[place] = inside === INHERITED ? (this.contexts[parent] as number) : inside;
    this.labels[place] = name === ANY_NAME ? (this.labels[parent] as number) : name;
  }
}

/** Values of many objects come by places that have it among their steps. */
const isVarying = (name: number): boolean => name === ANY_NAME || name === MAP_NAME || name === KEY_NAME;

/** Steps from it are numbers, and no names. */
const isNumbered = (root: number): boolean => root === ROOT.path || root === ROOT.protobuf;

const slotOf = (key: number): number => (Math.imul(key, 0x9e3779b1) >>> 12) & (SLOTS - 1);
