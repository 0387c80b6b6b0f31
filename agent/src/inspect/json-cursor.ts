import type { IdCollector } from './id-collector.ts';
import { mixed } from './id-hash.ts';
import { INSPECT_LIMITS } from './limits.ts';
import { MemberGuess } from './member-guess.ts';
import { ANY_NAME, INHERITED, KEY_NAME } from './name-table.ts';
import type { Vocabulary } from './vocabulary.ts';

const QUOTE = 0x22;
const { depth: MAX_DEPTH } = INSPECT_LIMITS;

/** Where in a document a scanner is, and what that says about the values there. */
export class JsonCursor {
  /** Of the member or element that comes next. */
  name = ANY_NAME;
  place = 0;
  depth = 0;
  /** A hash of the names of the document down to `SHAPE_DEPTH`, whatever their order and number. */
  shape = 0;
  /** By depth: 1 where the container is an array. */
  readonly isArray = new Uint8Array(MAX_DEPTH + 1);
  readonly #vocabulary: Vocabulary;
  readonly #collector: IdCollector;
  readonly #guess: MemberGuess;
  /** By depth: the container's own place and name, and what a plain `id` in it is of. */
  readonly #places = new Int32Array(MAX_DEPTH + 1);
  readonly #names = new Int32Array(MAX_DEPTH + 1);
  /** The place of an array's elements. */
  readonly #elements = new Int32Array(MAX_DEPTH + 1);
  readonly #types = new Int32Array(MAX_DEPTH + 1);
  readonly #entities = new Int32Array(MAX_DEPTH + 1);
  /** By place: the last document that had it, so that each counts once for the shape. */
  readonly #seen = new Uint32Array(INSPECT_LIMITS.places);
  #document = 0;

  constructor(vocabulary: Vocabulary, collector: IdCollector) {
    this.#vocabulary = vocabulary;
    this.#collector = collector;
    this.#guess = new MemberGuess(vocabulary.order);
    // The document itself is like an element: it has no name.
    this.isArray[0] = 1;
  }

  begin(root: number, type: number): void {
    this.name = ANY_NAME;
    this.place = root;
    this.depth = 0;
    this.shape = 0;
    this.#types[0] = type;
    this.#entities[0] = type;
    this.#document++;
  }

  get inArray(): boolean {
    return this.isArray[this.depth] === 1;
  }

  /** Enters the member whose name begins at `start`, if it is the one that is expected; the end of its name, or -1. */
  enterExpected(view: DataView, start: number, end: number): number {
    const guess = this.#guess.place;
    if (guess === 0) return -1;
    const { names, places } = this.#vocabulary;
    const name = places.names[guess] as number;
    const close = start + (names.lengths[name] as number);
    if (close >= end || view.getUint8(close) !== QUOTE || !names.isAt(name, view, start)) return -1;
    this.name = name;
    this.#atMember(guess);
    return close;
  }

  /** INVARIANT: a guess is only compared with the bytes up to a quote, so no name that has escapes may become one. */
  enter(name: number, hasEscapes: boolean): void {
    const place = this.#vocabulary.places.child(this.#places[this.depth] as number, name);
    this.name = name;
    if (!hasEscapes && name > KEY_NAME) this.#guess.learn(place);
    this.#atMember(place);
  }

  /** Objects that are used as maps have ids for names. */
  considerKey(bytes: Uint8Array, start: number, end: number): void {
    const collector = this.#collector;
    this.#aim(this.#vocabulary.places.child(this.#places[this.depth] as number, KEY_NAME));
    collector.takeLooking(bytes, start, end);
  }

  /** The value here. */
  consider(bytes: Uint8Array, start: number, end: number): void {
    this.#aim(this.place);
    this.#collector.consider(bytes, start, end);
  }

  /** Whether a value here, of so many bytes, is worth being considered. */
  wants(length: number): boolean {
    this.#collector.name = this.name;
    return this.#collector.wants(length);
  }

  /** False where that is too deep. */
  open(array: boolean): boolean {
    const above = this.depth;
    const depth = above + 1;
    if (depth > MAX_DEPTH) return false;
    const inside = this.isArray[above] === 1 ? INHERITED : this.#vocabulary.names.insideOf(this.name);
    const inherits = inside === INHERITED;
    this.#types[depth] = inherits ? (this.#types[above] as number) : inside;
    this.#entities[depth] = inherits ? (this.#entities[above] as number) : inside;
    this.isArray[depth] = array ? 1 : 0;
    this.#places[depth] = this.place;
    this.#names[depth] = this.name;
    this.depth = depth;
    if (array) {
      this.#elements[depth] = this.#vocabulary.places.child(this.place, ANY_NAME);
      this.enterElement();
      this.#mark(this.place);
    } else this.#guess.opened(this.place);
    return true;
  }

  enterElement(): void {
    this.name = this.#names[this.depth] as number;
    this.place = this.#elements[this.depth] as number;
  }

  close(): void {
    this.#guess.passed(this.#places[this.depth] as number);
    this.depth--;
  }

  #atMember(place: number): void {
    this.place = place;
    this.#guess.passed(place);
    this.#mark(place);
  }

  #mark(place: number): void {
    if (this.#seen[place] === this.#document) return;
    this.#seen[place] = this.#document;
    const hash = this.#vocabulary.places.hashes[place] as number;
    if (hash !== 0) this.shape = (this.shape + mixed(hash)) | 0;
  }

  #aim(place: number): void {
    const collector = this.#collector;
    collector.place = place;
    collector.contextType = this.#types[this.depth] as number;
    collector.contextEntity = this.#entities[this.depth] as number;
  }
}
