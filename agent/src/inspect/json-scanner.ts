import { GapWalk } from './gap-walk.ts';
import type { IdCollector } from './id-collector.ts';
import { FORM } from './id-form.ts';
import {
  BACKSLASH,
  beginsNumber,
  endOfString,
  hasEscape,
  isInteger,
  LITERALS,
  NUMBER,
  nearQuote,
  QUOTE,
} from './json-bytes.ts';
import { JsonCursor } from './json-cursor.ts';
import { LONGEST_TOKEN, PartialToken, type TextTaker, TOKEN, type Token } from './json-partial.ts';
import { unescapeJson } from './json-text.ts';
import { endOfNumbers } from './json-values.ts';
import { FIRST_NAME, MAP_NAME, NAME_HASH_PRIME, NAME_HASH_START } from './name-table.ts';
import type { Vocabulary } from './vocabulary.ts';

/** `closed`: the document is complete. The rest is why it was not read to its end; `full`: more ids than are read. */
export type JsonStatus = 'open' | 'closed' | 'full' | 'malformed' | 'too_deep';

const SPACE = 0x20;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

const EXPECT = {
  value: 0,
  /** Just inside of `[`. */
  valueOrEnd: 1,
  key: 2,
  /** Just inside of `{`. */
  keyOrEnd: 3,
  colon: 4,
  /** After a value: a comma, or the end of what it is in. */
  next: 5,
  nothing: 6,
} as const;
type Expect = (typeof EXPECT)[keyof typeof EXPECT];

/** In place of an offset: the document is broken. */
const BROKEN = -1;
const NO_BYTES = new Uint8Array(0);

/**
 * Reads ids out of a JSON document that comes in pieces, cut anywhere. Never throws; stops at the first thing that is no
 * JSON. It is no validator: what it does not need to look at (escapes, control characters, the grammar of numbers) it
 * does not judge.
 */
export class JsonScanner {
  status: JsonStatus = 'open';
  passedTo: TextTaker | null = null;
  readonly #vocabulary: Vocabulary;
  readonly #collector: IdCollector;
  readonly #cursor: JsonCursor;
  readonly #walk: GapWalk;
  readonly #partial = new PartialToken();
  readonly #text = new Uint8Array(LONGEST_TOKEN);
  #bytes: Uint8Array = NO_BYTES;
  #view: DataView = new DataView(NO_BYTES.buffer);
  #expect: Expect = EXPECT.value;
  /** Where the last container began. */
  #openedAt = 0;

  constructor(vocabulary: Vocabulary, collector: IdCollector) {
    this.#vocabulary = vocabulary;
    this.#collector = collector;
    this.#cursor = new JsonCursor(vocabulary, collector);
    this.#walk = new GapWalk(vocabulary.gaps, collector, this.#cursor);
  }

  /** `type` is that of a plain `id` in the outermost object. */
  begin(root: number, type: number): void {
    this.status = 'open';
    this.#partial.clear();
    this.#expect = EXPECT.value;
    this.#cursor.begin(root, type);
  }

  /** A hash of the names of the document down to some depth, whatever their order and number. */
  get shape(): number {
    return this.#cursor.shape;
  }

  /** The bytes are only read during the call. */
  feed(bytes: Uint8Array, start: number, end: number): void {
    if (this.status !== 'open' && this.status !== 'closed') return;
    if (bytes !== this.#bytes) this.#lookAt(bytes);
    // What comes before the first value is a gap, too: one after the document's own place.
    const begins = this.#expect === EXPECT.value && this.#cursor.depth === 0;
    this.#walk.forget();
    let at = start;
    if (this.#partial.kind !== TOKEN.none) at = this.#resume(bytes, start, end);
    else if (begins) at = this.#follow(bytes, start, end);
    if (at !== BROKEN) this.#run(bytes, at, end);
    if (this.#isFull) this.status = 'full';
  }

  /** Whatever may come, it is not looked at any more. */
  get #isFull(): boolean {
    return this.#collector.truncated && this.passedTo === null;
  }

  /** No more bytes come. */
  end(): void {
    if (this.#partial.kind === TOKEN.number) this.#endPartial();
    if (this.status === 'open') this.#fail('malformed');
  }

  /** Nearly always it is the read buffer again. */
  #lookAt(bytes: Uint8Array): void {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#walk.lookAt(this.#view);
  }

  #run(bytes: Uint8Array, start: number, end: number): void {
    let at = start;
    while (at < end && at !== BROKEN && !this.#isFull) {
      const byte = bytes[at] as number;
      if (byte <= SPACE) at++;
      else if (this.#expect === EXPECT.next) at = this.#next(byte) ? at + 1 : BROKEN;
      else if (this.#expect <= EXPECT.valueOrEnd) at = this.#value(bytes, at, end);
      else if (this.#expect <= EXPECT.keyOrEnd) at = this.#member(bytes, at, end);
      else if (this.#expect === EXPECT.colon && byte === COLON) {
        this.#expect = EXPECT.value;
        at++;
      } else at = this.#fail('malformed');
    }
  }

  /** After a value; false where the document is broken. */
  #next(byte: number): boolean {
    const { inArray } = this.#cursor;
    if (byte === COMMA) {
      this.#expect = inArray ? EXPECT.value : EXPECT.key;
      if (inArray) this.#cursor.enterElement();
      return true;
    }
    if (byte === (inArray ? CLOSE_ARRAY : CLOSE_OBJECT)) {
      this.#close();
      return true;
    }
    this.#fail('malformed');
    return false;
  }

  // === Names ===

  /** The name of a member, or the end of an empty object. */
  #member(bytes: Uint8Array, at: number, end: number): number {
    const byte = bytes[at] as number;
    if (byte !== QUOTE) {
      if (byte !== CLOSE_OBJECT || this.#expect !== EXPECT.keyOrEnd) return this.#fail('malformed');
      return this.#closeEmpty(bytes, at, end);
    }
    return this.#key(bytes, at + 1, end);
  }

  #key(bytes: Uint8Array, start: number, end: number): number {
    let hash = NAME_HASH_START;
    for (let at = start; at < end; at++) {
      const byte = bytes[at] as number;
      if (byte === QUOTE) {
        this.#enter(this.#vocabulary.names.findHashed(hash, bytes, start, at));
        if (this.#cursor.name === MAP_NAME) this.#cursor.considerKey(bytes, start, at);
        return at + 1;
      }
      if (byte === BACKSLASH) break;
      hash = Math.imul(hash ^ byte, NAME_HASH_PRIME);
    }
    return this.#longString(TOKEN.key, bytes, start, end);
  }

  /** INVARIANT: a gap means the same each time, so it has no name that is an id, or that there was no room for. */
  #enter(name: number): void {
    if (name < FIRST_NAME) this.#walk.forget();
    this.#cursor.enter(name);
    this.#expect = EXPECT.colon;
  }

  /** A name with escapes, or one that came in pieces. */
  #gotKey(bytes: Uint8Array, start: number, end: number): void {
    const length = unescapeJson(bytes, start, end, this.#text);
    this.#enter(length < 0 ? MAP_NAME : this.#vocabulary.names.find(this.#text, 0, length));
    if (this.#cursor.name === MAP_NAME && length > 0) this.#cursor.considerKey(this.#text, 0, length);
  }

  // === Values ===

  #value(bytes: Uint8Array, at: number, end: number): number {
    const byte = bytes[at] as number;
    if (byte === OPEN_OBJECT) return this.#open(false, bytes, at);
    if (byte === OPEN_ARRAY) return this.#open(true, bytes, at);
    if (byte === CLOSE_ARRAY && this.#expect === EXPECT.valueOrEnd) return this.#closeEmpty(bytes, at, end);
    this.#walk.learn(bytes, at);
    const after = this.#scalar(bytes, at, end);
    return this.#expect === EXPECT.next ? this.#follow(bytes, after, end) : after;
  }

  #scalar(bytes: Uint8Array, at: number, end: number): number {
    const byte = bytes[at] as number;
    if (byte === QUOTE) return this.#string(bytes, at + 1, end);
    if (beginsNumber(byte)) return this.#number(bytes, at, end);
    const literal = LITERALS[byte];
    return literal === undefined ? this.#fail('malformed') : this.#literal(literal, bytes, at, end);
  }

  #open(array: boolean, bytes: Uint8Array, at: number): number {
    this.#walk.split(bytes, at);
    if (!this.#cursor.open(array)) return this.#fail('too_deep');
    this.#expect = array ? EXPECT.valueOrEnd : EXPECT.keyOrEnd;
    this.#openedAt = at;
    return at + 1;
  }

  /** A container with nothing in it is a value like others. */
  #closeEmpty(bytes: Uint8Array, at: number, end: number): number {
    this.#close();
    this.#walk.learn(bytes, this.#openedAt);
    return this.#expect === EXPECT.next ? this.#follow(bytes, at + 1, end) : at + 1;
  }

  #close(): void {
    this.#cursor.close();
    this.#ended();
  }

  #ended(): void {
    if (this.#cursor.depth > 0) {
      this.#expect = EXPECT.next;
      return;
    }
    this.#expect = EXPECT.nothing;
    this.status = 'closed';
  }

  #string(bytes: Uint8Array, start: number, end: number): number {
    const close = nearQuote(this.#view, start, end);
    if (close < 0) return this.#longString(TOKEN.string, bytes, start, end);
    if (this.passedTo !== null) this.#gotString(bytes, start, close);
    else {
      if (this.#cursor.wants(close - start)) this.#cursor.consider(bytes, start, close);
      this.#ended();
    }
    return close + 1;
  }

  /** One that has escapes, is long, or is not all there. */
  #longString(kind: Token, bytes: Uint8Array, start: number, end: number): number {
    const close = endOfString(bytes, start, end);
    if (close < 0) {
      this.#partial.kind = kind;
      this.#partial.appendString(bytes, start, end);
      if (this.#passes) this.passedTo?.append(bytes, start, end);
      return end;
    }
    if (kind === TOKEN.key) this.#gotKey(bytes, start, close);
    else this.#gotString(bytes, start, close);
    return close + 1;
  }

  /** All of a string, escapes and all. */
  #gotString(bytes: Uint8Array, start: number, end: number): void {
    if (this.#passes) this.passedTo?.append(bytes, start, end);
    else if (end - start <= LONGEST_TOKEN && this.#cursor.wants(end - start)) {
      if (hasEscape(bytes, start, end)) {
        const length = unescapeJson(bytes, start, end, this.#text);
        if (length > 0) this.#cursor.consider(this.#text, 0, length);
      } else this.#cursor.consider(bytes, start, end);
    }
    this.#ended();
  }

  /** The string that comes here is one that is passed on. */
  get #passes(): boolean {
    if (this.passedTo === null || this.#expect !== EXPECT.value || this.#cursor.depth > 2) return false;
    return this.passedTo.wants(this.#cursor.name);
  }

  #number(bytes: Uint8Array, start: number, end: number): number {
    const close = endOfNumbers(this.#cursor, bytes, start, end);
    if (close < 0) return this.#cut(TOKEN.number, bytes, start, end);
    this.#ended();
    return close;
  }

  #gotNumber(bytes: Uint8Array, start: number, end: number): void {
    let kinds = 0;
    for (let at = start; at < end; at++) kinds |= NUMBER[bytes[at] as number] as number;
    if (this.#cursor.wants(end - start) && isInteger(kinds, end - start))
      this.#cursor.consider(bytes, start, end, FORM.int);
    this.#ended();
  }

  #literal(word: Uint8Array, bytes: Uint8Array, start: number, end: number): number {
    const close = Math.min(end, start + word.length);
    for (let at = start; at < close; at++) if (bytes[at] !== word[at - start]) return this.#fail('malformed');
    if (close - start === word.length) {
      this.#ended();
      return close;
    }
    return this.#cut(TOKEN.literal, bytes, start, end);
  }

  /** After a value, or where the document begins: goes on as far as it is as documents were before. */
  #follow(bytes: Uint8Array, start: number, end: number): number {
    if (this.passedTo !== null) return start;
    const walk = this.#walk;
    const at = walk.follow(bytes, start, end);
    if (at === start) return at;
    if (walk.isAfterValue) this.#expect = EXPECT.next;
    else this.#expect = walk.opensArray(bytes, at) ? EXPECT.valueOrEnd : EXPECT.value;
    return at;
  }

  // === Tokens in several pieces ===

  /** The piece ends within a token. */
  #cut(kind: Token, bytes: Uint8Array, start: number, end: number): number {
    this.#partial.kind = kind;
    this.#partial.append(bytes, start, end);
    return end;
  }

  /** Goes on with the token that the last piece ended within; returns where what follows begins. */
  #resume(bytes: Uint8Array, start: number, end: number): number {
    const { kind } = this.#partial;
    if (kind === TOKEN.number) return this.#resumeNumber(bytes, start, end);
    if (kind === TOKEN.literal) return this.#resumeLiteral(bytes, start, end);
    return start === end ? end : this.#resumeString(bytes, start, end);
  }

  #resumeString(bytes: Uint8Array, start: number, end: number): number {
    const partial = this.#partial;
    const from = partial.escaping ? start + 1 : start;
    const close = endOfString(bytes, from, end);
    const piece = close < 0 ? end : close;
    partial.append(bytes, start, from);
    partial.appendString(bytes, from, piece);
    if (this.#passes) this.passedTo?.append(bytes, start, piece);
    if (close < 0) return end;
    this.#endPartial();
    return close + 1;
  }

  #resumeNumber(bytes: Uint8Array, start: number, end: number): number {
    let at = start;
    while (at < end && NUMBER[bytes[at] as number] !== 0) at++;
    this.#partial.append(bytes, start, at);
    if (at < end) this.#endPartial();
    return at;
  }

  /** A literal is short: it is begun anew with all that is there. */
  #resumeLiteral(bytes: Uint8Array, start: number, end: number): number {
    const partial = this.#partial;
    const { length } = partial;
    const word = LITERALS[partial.bytes[0] as number] ?? NO_BYTES;
    const piece = Math.min(end, start + word.length - length);
    partial.append(bytes, start, piece);
    const whole = partial.length;
    partial.clear();
    return this.#literal(word, partial.bytes, 0, whole) === BROKEN ? BROKEN : piece;
  }

  #endPartial(): void {
    const { kind, bytes, length, overflowed } = this.#partial;
    this.#partial.clear();
    if (kind === TOKEN.key) {
      if (overflowed) this.#enter(MAP_NAME);
      else this.#gotKey(bytes, 0, length);
    } else if (overflowed || this.#passes) this.#ended();
    else if (kind === TOKEN.number) this.#gotNumber(bytes, 0, length);
    else this.#gotString(bytes, 0, length);
  }

  #fail(status: 'malformed' | 'too_deep'): typeof BROKEN {
    this.status = status;
    return BROKEN;
  }
}
