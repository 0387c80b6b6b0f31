/** Byte classes of RFC 9110 §5.6.2 and RFC 9112 as lookup tables: one load instead of a chain of comparisons. */

export const HTAB = 9;
export const LF = 10;
export const CR = 13;
export const SP = 32;
export const COLON = 58;

const table = (accepts: (byte: number) => boolean): Uint8Array =>
  Uint8Array.from({ length: 256 }, (_, byte) => (accepts(byte) ? 1 : 0));

const isAlphanumeric = (byte: number): boolean =>
  (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a);

const among = (characters: string, byte: number): boolean => characters.includes(String.fromCharCode(byte));

/** tchar, RFC 9110 §5.6.2. */
export const TOKEN = table((byte) => isAlphanumeric(byte) || among("!#$%&'*+-.^_`|~", byte));

/** field-content plus the white space inside it, RFC 9110 §5.5: no control byte but HTAB. */
export const FIELD_VALUE = table((byte) => byte === HTAB || (byte >= SP && byte !== 0x7f));

/**
 * Bytes of a request target. RFC 9112 §3.2 allows visible ASCII only; bytes ≥ 0x80 are relayed as they are,
 * since clients do send raw UTF-8, and are refused where a policy has to judge the path.
 */
export const TARGET = table((byte) => byte > SP && byte !== 0x7f);

/** uri-host with port, RFC 3986 §3.2.2: reg-name, IPv4, bracketed IPv6; no userinfo. */
export const AUTHORITY = table((byte) => isAlphanumeric(byte) || among("-._~%!$&'()*+,;=:[]", byte));

/** Value of a hexadecimal digit, 255 for any other byte. */
export const HEX = Uint8Array.from({ length: 256 }, (_, byte) => {
  const digit = '0123456789abcdef'.indexOf(String.fromCharCode(byte).toLowerCase());
  return digit < 0 ? 255 : digit;
});
