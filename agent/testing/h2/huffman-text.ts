import { CODE_LENGTHS, huffmanCodes } from '../../src/h2/hpack-huffman.ts';

const CODES = huffmanCodes();

/** The Huffman form of latin1 text, by way of its bits as text: slow and plain (RFC 7541 §5.2). */
export function huffmanOf(text: string): Uint8Array {
  const bits = Array.from(text, (char) => {
    const symbol = char.charCodeAt(0);
    return (CODES[symbol] ?? 0).toString(2).padStart(CODE_LENGTHS[symbol] ?? 0, '0');
  }).join('');
  const padded = bits.padEnd(Math.ceil(bits.length / 8) * 8, '1');
  return Uint8Array.from(padded.match(/.{8}/g) ?? [], (byte) => Number.parseInt(byte, 2));
}
