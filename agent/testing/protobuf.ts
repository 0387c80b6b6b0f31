/** Just enough of an encoder of protobuf for tests. */
function varint(value: bigint): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return [...bytes, Number(rest)];
}

export const varintField = (field: number, value: bigint): Uint8Array =>
  Uint8Array.from([...varint(BigInt(field) << 3n), ...varint(value)]);

export const bytesField = (field: number, value: Uint8Array): Uint8Array =>
  Uint8Array.from([...varint((BigInt(field) << 3n) | 2n), ...varint(BigInt(value.length)), ...value]);

export const message = (...fields: readonly Uint8Array[]): Uint8Array =>
  Uint8Array.from(fields.flatMap((field) => [...field]));

/** A message in a gRPC body. */
export const grpcFrame = (bytes: Uint8Array, flags = 0): Uint8Array => {
  const { length } = bytes;
  return Uint8Array.from([
    flags,
    length >>> 24,
    (length >>> 16) & 255,
    (length >>> 8) & 255,
    length & 255,
    ...bytes,
  ]);
};
