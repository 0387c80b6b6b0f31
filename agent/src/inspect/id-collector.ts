import { FORM, type Form, formOf, isOwnNamespace } from './id-form.ts';
import { IdHash } from './id-hash.ts';
import { NO_TIME, timeOf } from './id-time.ts';
import { INSPECT_LIMITS } from './limits.ts';
import { NAME, SHORTEST_LOOKING } from './name-facts.ts';
import { INHERITED } from './name-table.ts';
import { ANY_TYPE, OWN_TYPE } from './type-table.ts';
import type { Vocabulary } from './vocabulary.ts';

/** One id of a message. One object serves them all: only valid during the call. */
export class FoundId {
  /** Where it was; see `PlaceTable`. */
  position = 0;
  /** Stands for it in every process. */
  positionKey = 0;
  /**
   * What it is an id of, as far as that decides which ids are equal: `OWN_TYPE` where values are told apart by
   * themselves. An order's 17 must not explain a user's 17, but a UUID is the same wherever it turns up.
   */
  idType = OWN_TYPE;
  /** What it is called, also where `idType` is `OWN_TYPE`: `from_account` is another entity than `to_account`. */
  entity = ANY_TYPE;
  form: Form = FORM.none;
  h1 = 0;
  h2 = 0;
  /** Of an int that is exact; else -1. */
  numeric = -1;
  /** When it was made, where that can be read off it and the collector is asked for it; else NO_TIME. */
  madeAt = NO_TIME;
  /** The same value's hash as if its type were `OWN_TYPE`, where the collector is asked for it. */
  own1 = 0;
  own2 = 0;
}

/** Who takes ids in. No function: one that is made per connection outlives it, until all of V8's heap is collected. */
export interface IdSink {
  take(id: FoundId): void;
}

export const NO_SINK: IdSink = { take() {} };

/** What is known of a place from earlier messages. */
export const VERDICT = { unknown: 0, id: 1, plain: 2 } as const;
export type Verdict = (typeof VERDICT)[keyof typeof VERDICT];

export interface LearntPlaces {
  verdict(position: number): Verdict;
  /** The type of ids at a place whose verdict is `id`. */
  typeAt(position: number): number;
  /** A value that no name vouches for. Its hash is that of `OWN_TYPE`. */
  observe(value: FoundId): void;
}

/**
 * Decides which values are ids, and hashes them. What counts: a name that says so, or a place that is known for ids, or
 * a value that hardly is anything else; never what a name excludes.
 */
export class IdCollector {
  /** Ids of this message so far. */
  count = 0;
  /** There were more than are read. */
  truncated = false;
  /** Of the value that is considered next. */
  place = 0;
  name = 0;
  /** The type and entity of a plain `id` here. */
  contextType = ANY_TYPE;
  contextEntity = ANY_TYPE;
  /** Ids come with `own1`, `own2` and `madeAt`: those of requests, which tell what the ids of responses are. */
  alsoOwn = false;
  readonly #found = new FoundId();
  readonly #hash: IdHash;
  readonly #vocabulary: Vocabulary;
  #sink = NO_SINK;
  #learnt: LearntPlaces | null = null;
  /** By name: shorter values are not looked at. */
  #shortest: Uint8Array;

  constructor(vocabulary: Vocabulary, seed: { readonly seed1: number; readonly seed2: number }) {
    this.#vocabulary = vocabulary;
    this.#shortest = vocabulary.names.shortest;
    this.#hash = new IdHash(seed);
  }

  begin(sink: IdSink, learnt: LearntPlaces | null): void {
    this.#sink = sink;
    this.#learnt = learnt;
    const { names } = this.#vocabulary;
    this.#shortest = learnt === null ? names.shortest : names.shortestLearning;
    this.count = 0;
    this.truncated = false;
    names.beginMessage();
  }

  /** Whether a value of so many bytes at the current place is worth being looked at. */
  wants(length: number): boolean {
    return length >= (this.#shortest[this.name] as number);
  }

  /** The value at `place`, which `name` leads to; of what form, where that is known. */
  consider(bytes: Uint8Array, start: number, end: number, known: Form = FORM.none): void {
    if (!this.wants(end - start)) return;
    const { names } = this.#vocabulary;
    const kind = names.kinds[this.name];
    const named = kind === NAME.id || kind === NAME.maybe;
    const type = named ? (names.types[this.name] as number) : INHERITED;
    const learnt = type === INHERITED ? this.#learnt : null;
    const verdict = learnt === null ? VERDICT.unknown : learnt.verdict(this.place);
    if (verdict === VERDICT.plain && !named) return;
    const form = known === FORM.none ? formOf(bytes, start, end) : known;
    if (form === FORM.none) return;
    const found = this.#found;
    found.form = form;
    found.entity = named ? this.contextEntity : ANY_TYPE;
    if (learnt !== null && verdict === VERDICT.id) {
      found.entity = learnt.typeAt(this.place);
      this.#emit(found.entity, bytes, start, end);
    } else if (type !== INHERITED) {
      found.entity = names.entities[this.name] as number;
      this.#emit(type, bytes, start, end);
    } else if (named || isOwnNamespace(form)) this.#emit(this.contextType, bytes, start, end);
    if (!named && learnt !== null && verdict === VERDICT.unknown) this.#observe(bytes, start, end);
  }

  /** A value that is an id in any case, named by the context: of a path, or the key of a map. */
  take(bytes: Uint8Array, start: number, end: number): void {
    const form = formOf(bytes, start, end);
    if (form === FORM.none) return;
    this.#found.form = form;
    this.#found.entity = this.contextEntity;
    this.#emit(this.contextType, bytes, start, end);
  }

  /** Only values that look like ids by themselves. */
  takeLooking(bytes: Uint8Array, start: number, end: number): void {
    if (end - start >= SHORTEST_LOOKING && isOwnNamespace(formOf(bytes, start, end)))
      this.take(bytes, start, end);
  }

  #emit(type: number, bytes: Uint8Array, start: number, end: number): void {
    if (this.count === INSPECT_LIMITS.ids) {
      this.truncated = true;
      return;
    }
    this.count++;
    const found = this.#found;
    found.idType = isOwnNamespace(found.form) ? OWN_TYPE : type;
    if (this.alsoOwn) {
      this.#fill(this.#hash.begin(0), bytes, start, end);
      found.own1 = found.h1;
      found.own2 = found.h2;
      found.madeAt = timeOf(bytes, { start, end }, found.form);
    }
    this.#fill(this.#hash.begin(this.#vocabulary.types.spaces[found.idType] as number), bytes, start, end);
    this.#sink.take(found);
  }

  #observe(bytes: Uint8Array, start: number, end: number): void {
    this.#found.idType = OWN_TYPE;
    this.#fill(this.#hash.begin(0), bytes, start, end);
    this.#learnt?.observe(this.#found);
  }

  #fill(hash: IdHash, bytes: Uint8Array, start: number, end: number): void {
    const found = this.#found;
    hash.finish(bytes, start, end, found.form);
    found.position = this.place;
    found.positionKey = this.#vocabulary.places.keys[this.place] as number;
    found.h1 = hash.h1;
    found.h2 = hash.h2;
    found.numeric = hash.numeric;
  }
}
