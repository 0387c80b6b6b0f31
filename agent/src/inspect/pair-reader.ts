import { EscapedValue } from './escaped-value.ts';
import type { IdCollector } from './id-collector.ts';
import { MAX_ID_LENGTH } from './id-form.ts';
import { INSPECT_LIMITS } from './limits.ts';
import { NAME } from './name-facts.ts';
import { ANY_NAME } from './name-table.ts';
import { ANY_TYPE } from './type-table.ts';
import type { Vocabulary } from './vocabulary.ts';

const AMPERSAND = 0x26;
const PLUS = 0x2b;
const COMMA = 0x2c;
const EQUALS = 0x3d;
const SPACE = 0x20;

/**
 * Reads ids out of `name=value&…`: query strings, and forms (`application/x-www-form-urlencoded`), which come in pieces.
 * Several values behind one name, as in `ids=1,2`, are a list at that place.
 */
export class PairReader {
  readonly #vocabulary: Vocabulary;
  readonly #collector: IdCollector;
  readonly #name = new EscapedValue(INSPECT_LIMITS.nameBytes);
  readonly #value = new EscapedValue(MAX_ID_LENGTH);
  #root = 0;
  #type = ANY_TYPE;
  #inValue = false;
  /** Of the name: of the table of names. */
  #number = ANY_NAME;
  #isList = false;

  constructor(vocabulary: Vocabulary, collector: IdCollector) {
    this.#vocabulary = vocabulary;
    this.#collector = collector;
  }

  /** `type` is that of a plain `id`. */
  begin(root: number, type: number): void {
    this.#root = root;
    this.#type = type;
    this.#next();
  }

  feed(bytes: Uint8Array, start: number, end: number): void {
    for (let at = start; at < end; at++) this.#push(bytes[at] as number);
  }

  feedText(text: string, start: number, end: number): void {
    for (let at = start; at < end; at++) this.#push(text.charCodeAt(at));
  }

  end(): void {
    if (this.#inValue) this.#gotValue();
    this.#next();
  }

  #push(code: number): void {
    if (code === AMPERSAND) this.end();
    else if (!this.#inValue) {
      if (code === EQUALS) this.#gotName();
      else this.#name.push(code);
    } else if (code === COMMA && this.#vocabulary.names.kinds[this.#number] === NAME.id) {
      this.#isList = true;
      this.#gotValue();
    } else if (code === PLUS) this.#value.append(SPACE);
    else this.#value.push(code);
  }

  #gotName(): void {
    const { names } = this.#vocabulary;
    const { bytes, length, overflowed } = this.#name;
    this.#number = overflowed ? ANY_NAME : names.find(bytes, 0, length);
    this.#isList = names.many[this.#number] === 1;
    this.#inValue = true;
    this.#value.clear();
  }

  #gotValue(): void {
    const { places } = this.#vocabulary;
    const { bytes, length, overflowed } = this.#value;
    const collector = this.#collector;
    collector.name = this.#number;
    if (!overflowed && collector.wants(length)) {
      const place = places.child(this.#root, this.#number);
      collector.place = this.#isList ? places.child(place, ANY_NAME) : place;
      collector.contextType = this.#type;
      collector.contextEntity = this.#type;
      collector.consider(bytes, 0, length);
    }
    this.#value.clear();
  }

  #next(): void {
    this.#inValue = false;
    this.#name.clear();
    this.#value.clear();
  }
}
