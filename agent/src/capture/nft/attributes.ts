/** Netlink attributes: length and type in host order (little-endian on x64 and arm64), the value, padding to 4. */

const HEADER = 4;
const NESTED = 0x8000;

export function attribute(type: number, value: Uint8Array): Buffer {
  const length = HEADER + value.length;
  const bytes = Buffer.alloc(align(length));
  bytes.writeUInt16LE(length, 0);
  bytes.writeUInt16LE(type, 2);
  bytes.set(value, HEADER);
  return bytes;
}

export const nested = (type: number, ...children: readonly Uint8Array[]): Buffer =>
  attribute(type | NESTED, Buffer.concat(children));

/** nf_tables writes its numbers in network order. */
export function be32(type: number, value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value | 0);
  return attribute(type, bytes);
}

export function be64(type: number, value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return attribute(type, bytes);
}

export const text = (type: number, value: string): Buffer => attribute(type, Buffer.from(`${value}\0`));

/** Type, value; those of one level, in their order. What is cut short ends the list. */
export function* attributesOf(bytes: Buffer): Generator<readonly [type: number, value: Buffer]> {
  for (let at = 0; at + HEADER <= bytes.length; ) {
    const length = bytes.readUInt16LE(at);
    if (length < HEADER || at + length > bytes.length) return;
    yield [bytes.readUInt16LE(at + 2) & ~NESTED, bytes.subarray(at + HEADER, at + length)];
    at += align(length);
  }
}

export const align = (length: number): number => (length + 3) & ~3;
