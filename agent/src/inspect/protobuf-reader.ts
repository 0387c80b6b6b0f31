import type { IdCollector } from './id-collector.ts';
import { MAX_ID_LENGTH } from './id-form.ts';
import { ANY_NAME } from './name-table.ts';
import type { OperationNames } from './operation-names.ts';
import { ROOT } from './place-table.ts';
import type { Vocabulary } from './vocabulary.ts';

const WIRE = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;
/** Messages within messages. */
const MAX_DEPTH = 16;
/** A 64-bit varint has at most so many bytes. */
const VARINT_BYTES = 10;
const ID_FIELD = 1;

/**
 * Reads ids out of a protobuf message without its schema. A field of bytes is text where all of it is printable, else a
 * message where all of it reads as one. By convention field 1 of an object is its id; that holds for a message about one
 * object, and for those in the repeated field 1 of a list. Other ids are those that look like one, or whose place is
 * known.
 */
export class ProtobufReader {
  readonly #vocabulary: Vocabulary;
  readonly #collector: IdCollector;
  readonly #digits = new Uint8Array(20);
  #bytes = new Uint8Array(0) as Uint8Array;
  #at = 0;
  /** Of the last varint: the lower and the upper 32 bits. */
  #low = 0;
  #high = 0;

  constructor(vocabulary: Vocabulary, collector: IdCollector) {
    this.#vocabulary = vocabulary;
    this.#collector = collector;
  }

  /** False where it is no protobuf. */
  read(bytes: Uint8Array, range: { start: number; end: number }, operation: OperationNames): boolean {
    this.#bytes = bytes;
    if (!this.#isMessage(range.start, range.end)) return false;
    this.#collector.name = ANY_NAME;
    this.#collector.contextType = operation.type;
    this.#collector.contextEntity = operation.type;
    this.#message(range.start, range.end, { place: ROOT.protobuf, depth: 0, isObject: operation.aboutOne });
    return true;
  }

  #message(start: number, end: number, of: { place: number; depth: number; isObject: boolean }): void {
    let at = start;
    while (at < end) {
      this.#at = at;
      this.#varint(end);
      const wire = this.#low & 7;
      const field = (this.#low >>> 3) + this.#high * 2 ** 29;
      const place = this.#vocabulary.places.child(of.place, field);
      const isId = field === ID_FIELD && of.isObject;
      if (wire === WIRE.varint) {
        this.#varint(end);
        at = this.#at;
        this.#integer(place, isId);
      } else if (wire === WIRE.bytes) {
        this.#varint(end);
        const from = this.#at;
        at = from + this.#low;
        if (isText(this.#bytes, from, at)) this.#text(from, at, { place, isId });
        else if (of.depth < MAX_DEPTH && this.#isMessage(from, at)) {
          const isObject = field === ID_FIELD && of.depth === 0;
          this.#message(from, at, { place, depth: of.depth + 1, isObject });
        }
      } else at = this.#at + (wire === WIRE.fixed64 ? 8 : 4);
    }
  }

  #integer(place: number, isId: boolean): void {
    const length = this.#decimal();
    this.#give(
      this.#digits,
      { start: this.#digits.length - length, end: this.#digits.length },
      { place, isId },
    );
  }

  #text(start: number, end: number, found: { place: number; isId: boolean }): void {
    if (end - start <= MAX_ID_LENGTH) this.#give(this.#bytes, { start, end }, found);
  }

  #give(
    bytes: Uint8Array,
    { start, end }: { start: number; end: number },
    { place, isId }: { place: number; isId: boolean },
  ): void {
    this.#collector.place = place;
    if (isId) this.#collector.take(bytes, start, end);
    else this.#collector.consider(bytes, start, end);
  }

  /** Whether a range reads as fields to its very end. It looks at each field's head only. */
  #isMessage(start: number, end: number): boolean {
    let at = start;
    while (at < end) {
      this.#at = at;
      if (!this.#varint(end) || this.#low >>> 3 === 0 || this.#high !== 0) return false;
      const wire = this.#low & 7;
      if (wire === WIRE.varint || wire === WIRE.bytes) {
        if (!this.#varint(end)) return false;
        at = this.#at;
        if (wire === WIRE.bytes) {
          if (this.#high !== 0 || this.#low > end - at) return false;
          at += this.#low;
        }
      } else if (wire === WIRE.fixed64 || wire === WIRE.fixed32)
        at = this.#at + (wire === WIRE.fixed64 ? 8 : 4);
      else return false;
    }
    return at === end;
  }

  /** Reads one and steps over it; false where it does not end. */
  #varint(end: number): boolean {
    let low = 0;
    let high = 0;
    for (let n = 0; n < VARINT_BYTES && this.#at < end; n++) {
      const byte = this.#bytes[this.#at++] as number;
      const bits = byte & 0x7f;
      if (n < 4) low |= bits << (7 * n);
      else if (n === 4) {
        low |= bits << 28;
        high = bits >>> 4;
      } else high |= n < 9 ? bits << (7 * n - 32) : bits << 31;
      if (byte < 0x80) {
        this.#low = low >>> 0;
        this.#high = high >>> 0;
        return true;
      }
    }
    return false;
  }

  /** Writes the varint in decimal to the end of `#digits`; how many digits that took. No BigInt: this is the hot path. */
  #decimal(): number {
    const digits = this.#digits;
    let high = this.#high;
    let low = this.#low;
    let at = digits.length;
    do {
      const rest = (high % 10) * 2 ** 32 + low;
      high = Math.floor(high / 10);
      low = Math.floor(rest / 10);
      digits[--at] = 0x30 + (rest % 10);
    } while (high > 0 || low > 0);
    return digits.length - at;
  }
}

/** Not empty, and no control characters, which nearly every nested message begins with. Bytes above ASCII may be UTF-8. */
function isText(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number;
    if (byte < 0x20 || byte === 0x7f) return false;
  }
  return end > start;
}
