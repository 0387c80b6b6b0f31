/**
 * Field names that the relay acts on, as small numbers: a table entry is classified once, when it is decoded, and a
 * head is then read by comparing numbers. The bits above say what is wrong with a field.
 */
export const TOKEN = {
  other: 0,
  authority: 1,
  method: 2,
  path: 3,
  scheme: 4,
  status: 5,
  protocol: 6,
  unknownPseudo: 7,
  contentType: 8,
  contentLength: 9,
  host: 10,
  te: 11,
  /** Fields about one HTTP/1.1 connection: forbidden here (RFC 9113 §8.2.2). */
  connectionSpecific: 12,
  grpcStatus: 13,
} as const;

export const LAST_PSEUDO = TOKEN.unknownPseudo;

export const TOKEN_BITS = 0xff;
/** The name is empty, has an upper-case letter, or is no token (RFC 9113 §8.2.1). */
export const BAD_NAME = 0x100;
/** The value holds NUL, CR or LF, or begins or ends with white space (RFC 9113 §8.2.1). */
export const BAD_VALUE = 0x200;
/** The value holds a space or a control byte: fine in most fields, not in a path or an authority. */
export const SPACED_VALUE = 0x400;
/** Must stay a never-indexed literal on every hop (RFC 7541 §7.1.3). */
export const NEVER_INDEXED = 0x800;

/** What may be copied from a field to the table entry or field that reuses its name. */
export const NAME_BITS = TOKEN_BITS | BAD_NAME;

const TOKENS: ReadonlyMap<string, number> = new Map([
  [':authority', TOKEN.authority],
  [':method', TOKEN.method],
  [':path', TOKEN.path],
  [':scheme', TOKEN.scheme],
  [':status', TOKEN.status],
  [':protocol', TOKEN.protocol],
  ['content-type', TOKEN.contentType],
  ['content-length', TOKEN.contentLength],
  ['host', TOKEN.host],
  ['te', TOKEN.te],
  ['connection', TOKEN.connectionSpecific],
  ['keep-alive', TOKEN.connectionSpecific],
  ['proxy-connection', TOKEN.connectionSpecific],
  ['transfer-encoding', TOKEN.connectionSpecific],
  ['upgrade', TOKEN.connectionSpecific],
  ['grpc-status', TOKEN.grpcStatus],
]);

const COLON = 0x3a;
const LOWER_TOKEN = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;

export function tokenOfName(name: string): number {
  const token = TOKENS.get(name);
  if (token !== undefined) return token;
  if (name.charCodeAt(0) === COLON) return TOKEN.unknownPseudo;
  return LOWER_TOKEN.test(name) ? TOKEN.other : BAD_NAME;
}

const CONTROL = 1;
const FORBIDDEN = 2;
const BYTE_CLASS = new Uint8Array(256);
for (let byte = 0; byte <= 0x20; byte++) BYTE_CLASS[byte] = CONTROL;
BYTE_CLASS[0x7f] = CONTROL;
for (const byte of [0x00, 0x0a, 0x0d]) BYTE_CLASS[byte] = CONTROL | FORBIDDEN;

/** `BAD_VALUE` and `SPACED_VALUE` as they apply to a value's bytes. */
export function valueBits(bytes: Uint8Array, start: number, end: number): number {
  let seen = 0;
  for (let pos = start; pos < end; pos++) seen |= BYTE_CLASS[bytes[pos] as number] as number;
  if (seen === 0) return 0;
  const padded = isBlank(bytes[start] as number) || isBlank(bytes[end - 1] as number);
  return SPACED_VALUE | (padded || seen & FORBIDDEN ? BAD_VALUE : 0);
}

const isBlank = (byte: number): boolean => byte === 0x20 || byte === 0x09;
