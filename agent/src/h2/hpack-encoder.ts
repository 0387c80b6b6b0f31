import type { FieldList } from './field-list.ts';
import { NEVER_INDEXED } from './field-token.ts';
import { STATIC_VALUES, staticIndicesOf } from './hpack-static-table.ts';

const INDEXED = 0x80;
const SIZE_UPDATE = 0x20;
const NEVER = 0x10;
const FIRST_CAPACITY = 512;
/** The longest integer: a prefix byte and 32 bits in groups of seven. */
const INTEGER_BYTES = 6;

/**
 * Writes header blocks that touch no dynamic table: static indices and literals without indexing only (RFC 7541 §6.2.2).
 * Such a block is right whatever the reader's table holds, so it can be put between blocks of another encoder.
 */
export class HpackEncoder {
  /** Where the headroom and the block written so far end in `bytes`. */
  length: number;
  private out = new Uint8Array(FIRST_CAPACITY);
  private readonly headroom: number;

  /** `headroom` bytes stay free before each block, so that a frame head can be written there without a copy. */
  constructor(headroom = 0) {
    this.headroom = headroom;
    this.length = headroom;
  }

  /** Announces a table size (RFC 7541 §6.3); only valid before the first field. */
  sizeUpdate(size: number): void {
    this.reserve(INTEGER_BYTES);
    this.integer(SIZE_UPDATE, 5, size);
  }

  /** Names and values are latin1 text. */
  field(name: string, value: string, never: boolean): void {
    const indices = staticIndicesOf(name);
    this.reserve(INTEGER_BYTES * 3 + name.length + value.length);
    if (!never) {
      for (const index of indices) {
        if (STATIC_VALUES[index] !== value) continue;
        this.integer(INDEXED, 7, index);
        return;
      }
    }
    this.integer(never ? NEVER : 0, 4, indices[0] ?? 0);
    if (indices.length === 0) this.text(name);
    this.text(value);
  }

  list(list: FieldList): void {
    for (let at = 0; at < list.length; at++) {
      const never = ((list.marks[at] as number) & NEVER_INDEXED) !== 0;
      this.field(list.names[at] as string, list.values[at] as string, never);
    }
  }

  /** Holds the headroom and the block written so far; valid until the next field. */
  get bytes(): Uint8Array {
    return this.out;
  }

  /** Forgets the block: the next one begins. */
  clear(): void {
    this.length = this.headroom;
  }

  /** Plain, not Huffman: that would save a third of the bytes on a local hop for several times the work. */
  private text(text: string): void {
    this.integer(0, 7, text.length);
    const { out, length } = this;
    for (let i = 0; i < text.length; i++) out[length + i] = text.charCodeAt(i);
    this.length = length + text.length;
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
