/** Writes protocol buffer messages: just the wire types that an OpenAPI v2 document needs. */
export type Message = Uint8Array;

const LENGTH_DELIMITED = 2;
const VARINT = 0;

export const stringField = (number: number, value: string): Message =>
  bytesField(number, new TextEncoder().encode(value));

export const messageField = (number: number, ...parts: readonly Message[]): Message =>
  bytesField(number, message(...parts));

export const boolField = (number: number, value: boolean): Message =>
  message(varint(number * 8 + VARINT), varint(value ? 1 : 0));

export const message = (...parts: readonly Uint8Array[]): Message => Uint8Array.from(Buffer.concat(parts));

const bytesField = (number: number, value: Uint8Array): Message =>
  message(varint(number * 8 + LENGTH_DELIMITED), varint(value.length), value);

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) + 0x80);
  return Uint8Array.from([...bytes, rest]);
}
