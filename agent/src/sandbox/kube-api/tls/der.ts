/** The few ASN.1 types of a certificate, in DER (ITU-T X.690). */
export type Der = Uint8Array;

export const sequence = (...items: readonly Der[]): Der => tagged(0x30, ...items);
export const set = (...items: readonly Der[]): Der => tagged(0x31, ...items);
export const boolean = (value: boolean): Der => tagged(0x01, Uint8Array.of(value ? 0xff : 0));
export const octetString = (bytes: Uint8Array): Der => tagged(0x04, bytes);
export const utf8String = (text: string): Der => tagged(0x0c, new TextEncoder().encode(text));

/** A non-negative integer of any size, big-endian. */
export function integer(bytes: Uint8Array): Der {
  const first = bytes.findIndex((byte) => byte !== 0);
  const trimmed = first < 0 ? Uint8Array.of(0) : bytes.subarray(first);
  // A leading one bit would make the number negative.
  return tagged(0x02, (trimmed[0] ?? 0) >= 0x80 ? concat([Uint8Array.of(0), trimmed]) : trimmed);
}

export const bitString = (bytes: Uint8Array, unusedBits = 0): Der =>
  tagged(0x03, Uint8Array.of(unusedBits), bytes);

/** `[number]`, constructed: an explicit tag around whole items. */
export const explicit = (number: number, ...items: readonly Der[]): Der => tagged(0xa0 + number, ...items);

/** `[number]`, primitive: an implicit tag in place of the type's own. */
export const implicit = (number: number, bytes: Uint8Array): Der => tagged(0x80 + number, bytes);

export function objectIdentifier(dotted: string): Der {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  return tagged(0x06, Uint8Array.from([first * 40 + second, ...rest.flatMap(base128)]));
}

/** UTCTime, which X.509 asks for until 2050. */
export const utcTime = (time: Date): Der =>
  tagged(0x17, new TextEncoder().encode(`${time.toISOString().slice(2, 19).replaceAll(/[-:T]/g, '')}Z`));

function base128(value: number): number[] {
  const digits = [value % 128];
  for (let rest = Math.floor(value / 128); rest > 0; rest = Math.floor(rest / 128)) {
    digits.unshift((rest % 128) + 128);
  }
  return digits;
}

function tagged(tag: number, ...contents: readonly Uint8Array[]): Der {
  const length = contents.reduce((total, part) => total + part.length, 0);
  return concat([Uint8Array.of(tag), encodedLength(length), ...contents]);
}

function encodedLength(length: number): Uint8Array {
  if (length < 0x80) return Uint8Array.of(length);
  const bytes: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return Uint8Array.from([0x80 + bytes.length, ...bytes]);
}

const concat = (parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(Buffer.concat(parts));
