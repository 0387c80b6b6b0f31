import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { align, attribute, attributesOf, nested } from './attributes.ts';
import { chain, freshTable, onlyAt, type TableName, timedElement, transaction } from './batch.ts';

const TABLE: TableName = { family: 'inet', table: 'x' };

interface Header {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  readonly family: number;
  readonly resource: number;
}

function headersOf(bytes: Buffer): Header[] {
  const headers: Header[] = [];
  for (let at = 0; at < bytes.length; at += align(bytes.readUInt32LE(at))) {
    headers.push({
      type: bytes.readUInt16LE(at + 4),
      flags: bytes.readUInt16LE(at + 6),
      sequence: bytes.readUInt32LE(at + 8),
      family: bytes.readUInt8(at + 16),
      resource: bytes.readUInt16BE(at + 18),
    });
  }
  return headers;
}

describe('attributes', () => {
  it('are read as they were written, at any length', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 1, max: 0x7fff }), fc.uint8Array({ maxLength: 40 }))),
        (written) => {
          const bytes = Buffer.concat(written.map(([type, value]) => attribute(type, value)));
          expect(bytes.length % 4).toBe(0);
          const read = [...attributesOf(bytes)].map(([type, value]) => [type, new Uint8Array(value)]);
          expect(read).toEqual(written.map(([type, value]) => [type, value]));
        },
      ),
    );
  });

  it('end where they are cut short, whatever the bytes are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        for (const [, value] of attributesOf(Buffer.from(bytes))) expect(value.length).toBeLessThan(61);
      }),
    );
  });

  it('say that they hold others', () => {
    expect(nested(2, attribute(1, Uint8Array.of(7))).toString('hex')).toBe('0c0002800500010007000000');
  });
});

describe('a transaction', () => {
  it('is framed, numbered and acknowledged at its last command', () => {
    const commands = [...freshTable(TABLE), chain(TABLE, 'c', null)];
    const headers = headersOf(transaction(commands));
    expect(headers.map(({ type }) => type)).toEqual([0x10, 0xa00, 0xa02, 0xa00, 0xa03, 0x11]);
    expect(headers.map(({ sequence }) => sequence)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(headers.map(({ flags }) => (flags & 4) !== 0)).toEqual([false, false, false, false, true, false]);
    expect([headers[0], headers[5]].map((header) => header?.resource)).toEqual([10, 10]);
    expect(headers.slice(1, 5).every(({ family }) => family === 1)).toBe(true);
  });

  it('can be tied to a generation, and again to another one', () => {
    const batch = transaction(freshTable(TABLE));
    for (const generation of [7, 0, 0xffffffff]) {
      onlyAt(batch, generation);
      const [[type, value] = []] = attributesOf(batch.subarray(20, 28));
      expect([type, value?.readUInt32BE(0)]).toEqual([1, generation]);
    }
    expect(headersOf(batch)).toHaveLength(5);
  });

  it('has elements with their time in milliseconds', () => {
    const { bytes } = timedElement(TABLE, { set: 'gate', key: 6, timeoutMs: 15_000 });
    expect(bytes.includes(Buffer.from('0c00040000000000' + '00003a98', 'hex'))).toBe(true);
  });

  it('hooks netdev chains to all their devices', () => {
    const hook = { type: 'filter', point: 'egress', priority: 0, devices: ['eth0', 'net1'] } as const;
    const { bytes } = chain({ family: 'netdev', table: 'x' }, 'egress', hook);
    expect(bytes.readUInt8(16)).toBe(5);
    expect(bytes.toString('latin1')).toMatch(/eth0\0.*net1\0/s);
  });
});
