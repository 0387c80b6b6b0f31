import type { IdCollector } from './id-collector.ts';
import {
  BACKSLASH,
  beginsNumber,
  endOfLiteral,
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
import { ANY_NAME, NAME_HASH_PRIME, NAME_HASH_START } from './name-table.ts';
import type { Vocabulary } from './vocabulary.ts';

/** `closed`: the document is complete. The rest is why it was not read to its end. */
export type JsonStatus = 'open' | 'closed' | 'malformed' | 'too_deep';

const SPACE = 0x20;
const COMMA = 0x2c;
const ZERO = 0x30;
const NINE = 0x39;
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
  readonly #cursor: JsonCursor;
  readonly #partial = new PartialToken();
  readonly #text = new Uint8Array(LONGEST_TOKEN);
  #bytes: Uint8Array = NO_BYTES;
  #view: DataView = new DataView(NO_BYTES.buffer);
  #expect: Expect = EXPECT.value;

  constructor(vocabulary: Vocabulary, collector: IdCollector) {
    this.#vocabulary = vocabulary;
    this.#cursor = new JsonCursor(vocabulary, collector);
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
    const at = this.#partial.kind === TOKEN.none ? start : this.#resume(bytes, start, end);
    if (at !== BROKEN) this.#run(bytes, at, end);
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
  }

  #run(bytes: Uint8Array, start: number, end: number): void {
    let at = start;
    while (at < end && at !== BROKEN) {
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
      this.#close();
      return at + 1;
    }
    return this.#members(bytes, at, end);
  }

  /**
   * Members as they nearly always are: all there, with names that were expected, and short values. Leaves off at the first
   * thing that is otherwise, for the others to see to. `at` is where a name's quote is.
   */
  #members(bytes: Uint8Array, start: number, end: number): number {
    const cursor = this.#cursor;
    const view = this.#view;
    let at = start;
    while (true) {
      const name = cursor.enterExpected(view, at + 1, end);
      if (name < 0) {
        this.#expect = EXPECT.key;
        return this.#strangeKey(bytes, at + 1, end);
      }
      this.#expect = EXPECT.colon;
      if (name + 3 >= end || bytes[name + 1] !== COLON) return name + 1;
      this.#expect = EXPECT.value;
      at = bytes[name + 2] === SPACE ? name + 3 : name + 2;
      const first = bytes[at] as number;
      if (first === QUOTE && this.passedTo === null) {
        const close = nearQuote(view, at + 1, end);
        if (close < 0) return this.#longString(TOKEN.string, bytes, at + 1, end);
        if (cursor.wants(close - at - 1)) cursor.consider(bytes, at + 1, close);
        at = close + 1;
      } else if (first >= ZERO && first <= NINE) {
        let close = at + 1;
        while (close < end && NUMBER[bytes[close] as number] === 1) close++;
        if (close === end) return this.#number(bytes, at, end);
        if (cursor.wants(close - at) && isInteger(bytes, at, close)) cursor.consider(bytes, at, close);
        at = close;
      } else {
        const close = endOfLiteral(view, at, end);
        if (close < 0) return this.#value(bytes, at, end);
        at = close;
      }
      this.#expect = EXPECT.next;
      if (at >= end || bytes[at] !== COMMA) return at;
      at++;
      this.#expect = EXPECT.key;
      while (at < end && (bytes[at] as number) <= SPACE) at++;
      if (at >= end || bytes[at] !== QUOTE) return at;
    }
  }

  #strangeKey(bytes: Uint8Array, start: number, end: number): number {
    let hash = NAME_HASH_START;
    for (let at = start; at < end; at++) {
      const byte = bytes[at] as number;
      if (byte === QUOTE) {
        this.#enter(this.#vocabulary.names.findHashed(hash, bytes, start, at), false);
        if (this.#cursor.name === ANY_NAME) this.#cursor.considerKey(bytes, start, at);
        return at + 1;
      }
      if (byte === BACKSLASH) break;
      hash = Math.imul(hash ^ byte, NAME_HASH_PRIME);
    }
    return this.#longString(TOKEN.key, bytes, start, end);
  }

  #enter(name: number, hasEscapes: boolean): void {
    this.#cursor.enter(name, hasEscapes);
    this.#expect = EXPECT.colon;
  }

  /** A name with escapes, or one that came in pieces. */
  #gotKey(bytes: Uint8Array, start: number, end: number): void {
    const length = unescapeJson(bytes, start, end, this.#text);
    this.#enter(length < 0 ? ANY_NAME : this.#vocabulary.names.find(this.#text, 0, length), true);
    if (this.#cursor.name === ANY_NAME && length > 0) this.#cursor.considerKey(this.#text, 0, length);
  }

  // === Values ===

  #value(bytes: Uint8Array, at: number, end: number): number {
    const byte = bytes[at] as number;
    if (byte === QUOTE) return this.#string(bytes, at + 1, end);
    if (beginsNumber(byte)) return this.#number(bytes, at, end);
    if (byte === OPEN_OBJECT) return this.#open(false, at);
    if (byte === OPEN_ARRAY) return this.#open(true, at);
    if (byte === CLOSE_ARRAY && this.#expect === EXPECT.valueOrEnd) {
      this.#close();
      return at + 1;
    }
    const literal = LITERALS[byte];
    return literal === undefined ? this.#fail('malformed') : this.#literal(literal, bytes, at, end);
  }

  #open(array: boolean, at: number): number {
    if (!this.#cursor.open(array)) return this.#fail('too_deep');
    this.#expect = array ? EXPECT.valueOrEnd : EXPECT.keyOrEnd;
    return at + 1;
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

  /** A number, and those of an array that follow it closely. */
  #number(bytes: Uint8Array, start: number, end: number): number {
    const cursor = this.#cursor;
    const inArray = cursor.inArray && cursor.depth > 0;
    for (let at = start; ; at++) {
      const first = at;
      while (at < end && NUMBER[bytes[at] as number] === 1) at++;
      if (at === end) return this.#cut(TOKEN.number, bytes, first, end);
      if (cursor.wants(at - first) && isInteger(bytes, first, at)) cursor.consider(bytes, first, at);
      if (inArray && bytes[at] === COMMA && at + 1 < end && beginsNumber(bytes[at + 1] as number)) continue;
      this.#ended();
      return at;
    }
  }

  #gotNumber(bytes: Uint8Array, start: number, end: number): void {
    if (this.#cursor.wants(end - start) && isInteger(bytes, start, end))
      this.#cursor.consider(bytes, start, end);
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
    while (at < end && NUMBER[bytes[at] as number] === 1) at++;
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
      if (overflowed) this.#enter(ANY_NAME, true);
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
