import type { FieldList } from './field-list.ts';
import { NEVER_INDEXED } from './field-token.ts';
import { encodeHuffman, huffmanLength } from './hpack-huffman.ts';
import { staticFieldIndex, staticNameIndex } from './hpack-static-table.ts';

const INDEXED = 0x80;
const SIZE_UPDATE = 0x20;
const NEVER = 0x10;
const HUFFMAN = 0x80;
const FIRST_CAPACITY = 512;
/** The longest integer: a prefix byte and 32 bits in groups of seven. */
const INTEGER_BYTES = 6;

/**
 * Writes header blocks that touch no dynamic table: static indices and literals without indexing only (RFC 7541 §6.2.2).
 * Such a block is right whatever the reader's table holds, so it can be put between blocks of another encoder.
 */
export class HpackEncoder {
  private out = new Uint8Array(FIRST_CAPACITY);
  private length = 0;

  /** Announces a table size (RFC 7541 §6.3); only valid before the first field. */
  sizeUpdate(size: number): void {
    this.reserve(INTEGER_BYTES);
    this.integer(SIZE_UPDATE, 5, size);
  }

  /** Names and values are latin1 text. */
  field(name: string, value: string, never: boolean): void {
    const whole = never ? 0 : staticFieldIndex(name, value);
    this.reserve(INTEGER_BYTES * 3 + name.length + value.length);
    if (whole > 0) {
      this.integer(INDEXED, 7, whole);
      return;
    }
    const index = staticNameIndex(name);
    this.integer(never ? NEVER : 0, 4, index);
    if (index === 0) this.text(name);
    this.text(value);
  }

  list(list: FieldList): void {
    for (let at = 0; at < list.length; at++) {
      const never = ((list.marks[at] as number) & NEVER_INDEXED) !== 0;
      this.field(list.names[at] as string, list.values[at] as string, never);
    }
  }

  /** The block written since the last call. */
  take(): Uint8Array {
    const block = this.out.slice(0, this.length);
    this.length = 0;
    return block;
  }

  private text(text: string): void {
    const packed = huffmanLength(text);
    if (packed < text.length) {
      this.integer(HUFFMAN, 7, packed);
      this.length = encodeHuffman(text, this.out, this.length);
      return;
    }
    this.integer(0, 7, text.length);
    for (let i = 0; i < text.length; i++) this.out[this.length++] = text.charCodeAt(i);
  }

  private integer(flags: number, prefix: number, value: number): void {
    const mask = (1 << prefix) - 1;
    if (value < mask) {
      this.out[this.length++] = flags | value;
      return;
    }
    this.out[this.length++] = flags | mask;
    let rest = value - mask;
    for (; rest >= 0x80; rest >>>= 7) this.out[this.length++] = (rest & 0x7f) | 0x80;
    this.out[this.length++] = rest;
  }

  private reserve(bytes: number): void {
    if (this.length + bytes <= this.out.length) return;
    const larger = new Uint8Array((this.out.length + bytes) * 2);
    larger.set(this.out.subarray(0, this.length));
    this.out = larger;
  }
}
