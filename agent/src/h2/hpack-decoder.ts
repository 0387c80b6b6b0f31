import { ascii } from '../kernel/bytes.ts';
import type { FieldList } from './field-list.ts';
import { NAME_BITS, NEVER_INDEXED, tokenOfName, valueBits } from './field-token.ts';
import { DynamicTable } from './hpack-dynamic-table.ts';
import { decodeHuffman, huffmanCapacity } from './hpack-huffman.ts';
import { STATIC_COUNT, STATIC_MARKS, STATIC_NAMES, STATIC_VALUES } from './hpack-static-table.ts';

/** Why a header block can't be read. All but `list_too_large` are a COMPRESSION_ERROR of the connection. */
export const HPACK_FAULTS = {
  truncated: 'the header block ends inside a field',
  bad_integer: 'an integer is larger than any valid one',
  bad_index: 'an index points outside both tables',
  bad_huffman: 'a Huffman string is malformed',
  bad_size_update:
    'a table size update is misplaced, above the limit, or missing after the limit was lowered',
  list_too_large: 'the header list is larger than the limit',
} as const;
export type HpackFault = keyof typeof HPACK_FAULTS;

/** RFC 9113 §6.5.2: SETTINGS_HEADER_TABLE_SIZE before anybody says otherwise. */
export const DEFAULT_TABLE_SIZE = 4096;

const INDEXED = 0x80;
const INCREMENTAL = 0x40;
const SIZE_UPDATE = 0x20;
const NEVER = 0x10;
const HUFFMAN = 0x80;
const FIRST_SCRATCH = 256;

/**
 * Decodes the header blocks of one direction of one connection (RFC 7541). Every field becomes an entry of the
 * caller's `FieldList`; indexed fields, the bulk of a warm connection, reuse the strings kept in the tables, so a
 * block's cost is a table look-up per field plus one string per literal.
 */
export class HpackDecoder {
  private readonly maxListBytes: number;
  private readonly table = new DynamicTable(DEFAULT_TABLE_SIZE);
  private limit = DEFAULT_TABLE_SIZE;
  /** The lowest limit since the last block: RFC 7541 §4.2 wants it signalled first. */
  private lowestLimit = DEFAULT_TABLE_SIZE;
  private changes = 0;
  private scratch = new Uint8Array(FIRST_SCRATCH);
  private pos = 0;
  private fault: HpackFault | null = null;
  private textBits = 0;

  constructor(maxListBytes: number) {
    this.maxListBytes = maxListBytes;
  }

  /** Goes up with every insertion and size update, so equal values mean an unchanged table. */
  get revision(): number {
    return this.changes;
  }

  get tableBytes(): number {
    return this.table.size;
  }

  /** The size that the encoder must announce at the start of its next block, or -1 when it owes no announcement. */
  get owedSize(): number {
    return this.lowestLimit < this.table.maxSize ? this.lowestLimit : -1;
  }

  /** The other side has acknowledged a SETTINGS_HEADER_TABLE_SIZE. */
  limitTable(size: number): void {
    this.limit = size;
    this.lowestLimit = Math.min(this.lowestLimit, size);
  }

  /** A size update reached the receiver in a block that was not decoded here. */
  applySize(size: number): void {
    this.table.resize(size);
    this.lowestLimit = this.limit;
    this.changes++;
  }

  /** Reads one whole block into `list`. After a fault the connection can't go on: the table is in an unknown state. */
  decode(bytes: Uint8Array, start: number, end: number, list: FieldList): HpackFault | null {
    list.clear();
    this.fault = null;
    this.pos = start;
    this.readSizeUpdates(bytes, end);
    while (this.pos < end && this.fault === null) {
      const first = bytes[this.pos] as number;
      if (first >= INDEXED) this.readIndexed(bytes, end, list);
      else if (first >= INCREMENTAL) this.readLiteral(bytes, end, list, 6);
      else if (first >= SIZE_UPDATE) this.fault = 'bad_size_update';
      else this.readLiteral(bytes, end, list, 4);
      if (list.bytes > this.maxListBytes) this.fault ??= 'list_too_large';
    }
    return this.fault;
  }

  private readSizeUpdates(bytes: Uint8Array, end: number): void {
    while (this.pos < end && this.fault === null && ((bytes[this.pos] as number) & 0xe0) === SIZE_UPDATE) {
      const size = this.readInteger(bytes, end, 5);
      if (this.fault !== null) return;
      if (size > this.limit || (this.owedSize >= 0 && size > this.owedSize)) this.fault = 'bad_size_update';
      else this.applySize(size);
    }
    if (this.owedSize >= 0) this.fault ??= 'bad_size_update';
    this.lowestLimit = this.limit;
  }

  private readIndexed(bytes: Uint8Array, end: number, list: FieldList): void {
    const index = this.readInteger(bytes, end, 7);
    const age = index - STATIC_COUNT - 1;
    if (this.fault !== null) return;
    if (age >= this.table.count || index === 0) this.fault = 'bad_index';
    else if (age >= 0) list.add(this.table.name(age), this.table.value(age), this.table.mark(age));
    else
      list.add(STATIC_NAMES[index] as string, STATIC_VALUES[index] as string, STATIC_MARKS[index] as number);
  }

  private readLiteral(bytes: Uint8Array, end: number, list: FieldList, prefix: 4 | 6): void {
    const never = prefix === 4 && ((bytes[this.pos] as number) & NEVER) !== 0;
    const index = this.readInteger(bytes, end, prefix);
    if (this.fault !== null) return;
    const age = index - STATIC_COUNT - 1;
    if (age >= this.table.count) {
      this.fault = 'bad_index';
      return;
    }
    const name = index === 0 ? this.readText(bytes, end) : this.nameAt(index, age);
    if (this.fault !== null) return;
    const nameMark = index === 0 ? tokenOfName(name) : this.nameMarkAt(index, age);
    const value = this.readText(bytes, end);
    if (this.fault !== null) return;
    const mark = nameMark | this.textBits;
    list.add(name, value, never ? mark | NEVER_INDEXED : mark);
    if (prefix === 4) return;
    this.table.insert(name, value, mark);
    this.changes++;
  }

  private nameAt(index: number, age: number): string {
    return age >= 0 ? this.table.name(age) : (STATIC_NAMES[index] as string);
  }

  private nameMarkAt(index: number, age: number): number {
    return (age >= 0 ? this.table.mark(age) : (STATIC_MARKS[index] as number)) & NAME_BITS;
  }

  /** A string literal (RFC 7541 §5.2); leaves what is wrong with it as a value in `textBits`. */
  private readText(bytes: Uint8Array, end: number): string {
    if (this.pos >= end) return this.fail('truncated');
    const huffman = (bytes[this.pos] as number) >= HUFFMAN;
    const length = this.readInteger(bytes, end, 7);
    if (this.fault !== null) return '';
    if (length > this.maxListBytes) return this.fail('list_too_large');
    const start = this.pos;
    if (length > end - start) return this.fail('truncated');
    this.pos = start + length;
    if (!huffman) {
      this.textBits = valueBits(bytes, start, this.pos);
      return ascii(bytes, start, this.pos);
    }
    const capacity = huffmanCapacity(length);
    if (capacity > this.scratch.length) this.scratch = new Uint8Array(capacity * 2);
    const decoded = decodeHuffman(bytes, start, this.pos, this.scratch);
    if (decoded < 0) return this.fail('bad_huffman');
    this.textBits = valueBits(this.scratch, 0, decoded);
    return ascii(this.scratch, 0, decoded);
  }

  /** An integer with a prefix of that many bits (RFC 7541 §5.1). Nothing valid needs more than 28 bits beyond it. */
  private readInteger(bytes: Uint8Array, end: number, prefix: number): number {
    const mask = (1 << prefix) - 1;
    let value = (bytes[this.pos++] as number) & mask;
    if (value < mask) return value;
    for (let shift = 0; shift < 28; shift += 7) {
      if (this.pos >= end) {
        this.fault = 'truncated';
        return 0;
      }
      const byte = bytes[this.pos++] as number;
      value += (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    this.fault = 'bad_integer';
    return 0;
  }

  private fail(fault: HpackFault): string {
    this.fault = fault;
    return '';
  }
}
