import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { huffmanOf } from '../../testing/h2/huffman-text.ts';
import { decodeHuffman, huffmanCapacity } from './hpack-huffman.ts';

const hex = (text: string) => new Uint8Array(Buffer.from(text, 'hex'));

function decoded(bytes: Uint8Array): string | null {
  const out = new Uint8Array(huffmanCapacity(bytes.length));
  const length = decodeHuffman(bytes, 0, bytes.length, out);
  return length < 0 ? null : Buffer.from(out.subarray(0, length)).toString('latin1');
}

describe('the Huffman code', () => {
  it.each([
    ['www.example.com', 'f1e3c2e5f23a6ba0ab90f4ff'],
    ['no-cache', 'a8eb10649cbf'],
    ['Mon, 21 Oct 2013 20:13:21 GMT', 'd07abe941054d444a8200595040b8166e082a62d1bff'],
    ['foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1', null],
  ])('reads back %s', (text, bytes) => {
    if (bytes !== null) expect(Buffer.from(huffmanOf(text)).toString('hex')).toBe(bytes);
    expect(decoded(huffmanOf(text))).toBe(text);
  });

  it('reads back any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const text = Buffer.from(bytes).toString('latin1');
        expect(decoded(huffmanOf(text))).toBe(text);
      }),
    );
  });

  it.each([
    ['a whole byte of padding', 'f1e3c2e5f23a6ba0ab90f4ffff'],
    ['padding with a zero in it', 'f1e3c2e5f23a6ba0ab90f4fe'],
    ['the end-of-string symbol', 'fffffffc'],
    ['the end-of-string symbol before other bytes', 'fffffffc00000000'],
  ])('refuses %s', (_, bytes) => {
    expect(decoded(hex(bytes))).toBeNull();
  });

  it('never writes past its capacity, whatever the input', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        const out = new Uint8Array(huffmanCapacity(bytes.length));
        expect(decodeHuffman(bytes, 0, bytes.length, out)).toBeLessThanOrEqual(out.length);
      }),
    );
  });
});
