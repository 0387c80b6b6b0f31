import type { IdCollector } from './id-collector.ts';
import { FORM, type Form } from './id-form.ts';
import { mixed } from './id-hash.ts';
import { INSPECT_LIMITS } from './limits.ts';
import { ANY_NAME, INHERITED, KEY_NAME } from './name-table.ts';
import { ROOT } from './place-table.ts';
import type { Vocabulary } from './vocabulary.ts';

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
  /** By depth: the container's own place and name, and what a plain `id` in it is of. */
  readonly #places = new Int32Array(MAX_DEPTH + 1);
  readonly #names = new Int32Array(MAX_DEPTH + 1);
  /** The place of an array's elements. */
  readonly #elements = new Int32Array(MAX_DEPTH + 1);
  readonly #types = new Int32Array(MAX_DEPTH + 1);
  /** By place: the last document that had it, so that each counts once for the shape. */
  readonly #seen = new Uint32Array(INSPECT_LIMITS.places);
  #document = 0;

  constructor(vocabulary: Vocabulary, collector: IdCollector) {
    this.#vocabulary = vocabulary;
    this.#collector = collector;
    // The document itself is like an element: it has no name.
    this.isArray[0] = 1;
  }

  begin(root: number, type: number): void {
    this.name = ANY_NAME;
    this.place = root;
    this.depth = 0;
    this.shape = 0;
    this.#types[0] = type;
    this.#document++;
    this.#seen[root] = this.#document;
  }

  get inArray(): boolean {
    return this.isArray[this.depth] === 1;
  }

  /** The value here is one of an array. Holds wherever gaps have led. */
  get isElement(): boolean {
    const { place } = this;
    return place === ROOT.other
      ? this.inArray && this.depth > 0
      : this.#vocabulary.places.names[place] === ANY_NAME;
  }

  enter(name: number): void {
    this.place = this.#vocabulary.places.child(this.#places[this.depth] as number, name);
    this.name = name;
    this.#mark(this.place);
  }

  /** Objects that are used as maps have ids for names. */
  considerKey(bytes: Uint8Array, start: number, end: number): void {
    const place = this.#vocabulary.places.child(this.#places[this.depth] as number, KEY_NAME);
    this.#aim(place, this.#types[this.depth] as number).takeLooking(bytes, start, end);
  }

  /** The value here; of what form, where that is known. */
  consider(bytes: Uint8Array, start: number, end: number, form: Form = FORM.none): void {
    this.#aim(this.place, this.#context()).consider(bytes, start, end, form);
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
    this.#types[depth] = inside === INHERITED ? (this.#types[above] as number) : inside;
    this.isArray[depth] = array ? 1 : 0;
    this.#places[depth] = this.place;
    this.#names[depth] = this.name;
    this.depth = depth;
    if (array) {
      this.#elements[depth] = this.#vocabulary.places.child(this.place, ANY_NAME);
      this.enterElement();
      this.#mark(this.place);
    }
    return true;
  }

  enterElement(): void {
    this.name = this.#names[this.depth] as number;
    this.place = this.#elements[this.depth] as number;
  }

  /** What was closed is the value here. */
  close(): void {
    this.place = this.#places[this.depth] as number;
    this.depth--;
  }

  // === By way of gaps ===

  /** A gap led to a place, and through all that are around it. Only the value there is known before `settle`. */
  reach(place: number): void {
    const { labels, parents } = this.#vocabulary.places;
    this.place = place;
    this.name = labels[place] as number;
    for (let at = place; this.#seen[at] !== this.#document; at = parents[at] as number) this.#mark(at);
  }

  /** No gap leads on from here. All that is around a place follows from it. */
  settle(): void {
    const { names, labels, parents, contexts } = this.#vocabulary.places;
    this.depth = this.#vocabulary.places.depthOf(this.place);
    let inside = this.place;
    for (let depth = this.depth; depth > 0; depth--) {
      const around = parents[inside] as number;
      const context = contexts[inside] as number;
      this.isArray[depth] = names[inside] === ANY_NAME ? 1 : 0;
      this.#elements[depth] = inside;
      this.#places[depth] = around;
      this.#names[depth] = labels[around] as number;
      this.#types[depth] = context === INHERITED ? (this.#types[0] as number) : context;
      inside = around;
    }
  }

  /** Tells where a value is, and what a plain `id` there is of. */
  #aim(place: number, context: number): IdCollector {
    const collector = this.#collector;
    collector.place = place;
    collector.contextType = context;
    collector.contextEntity = context;
    return collector;
  }

  /** What a plain `id` here is of. */
  #context(): number {
    if (this.place === ROOT.other) return this.#types[this.depth] as number;
    const context = this.#vocabulary.places.contexts[this.place] as number;
    return context === INHERITED ? (this.#types[0] as number) : context;
  }

  #mark(place: number): void {
    if (this.#seen[place] === this.#document) return;
    this.#seen[place] = this.#document;
    const hash = this.#vocabulary.places.hashes[place] as number;
    if (hash !== 0) this.shape = (this.shape + mixed(hash)) | 0;
  }
}
