import { HEX } from '../http/chars.ts';

const BACKSLASH = 0x5c;
const LOWER_U = 0x75;
/** What follows a backslash, by its character; 0 for what may not. RFC 8259 §7. */
const ESCAPES = new Uint8Array(256);
for (const [letter, meaning] of Object.entries({
  '"': 0x22,
  '\\': 0x5c,
  '/': 0x2f,
  b: 8,
  f: 12,
  n: 10,
  r: 13,
  t: 9,
}))
  ESCAPES[letter.charCodeAt(0)] = meaning;

/** What stands for a character that no id and no name has in it. */
const FOREIGN = 0xff;

/**
 * The string between two quotes with its escapes resolved, at `out[0]`; the length, or -1 where it is malformed or does
 * not fit. Characters beyond ASCII that are escaped come out as 0xff: the result is for names and ids, which have none.
 */
export function unescapeJson(bytes: Uint8Array, start: number, end: number, out: Uint8Array): number {
  let length = 0;
  for (let at = start; at < end; at++) {
    if (length === out.length) return -1;
    let byte = bytes[at] as number;
    if (byte === BACKSLASH) {
      const letter = bytes[++at] as number;
      if (at === end) return -1;
      if (letter === LOWER_U) {
        byte = at + 4 < end ? unicode(bytes, at + 1) : -1;
        at += 4;
      } else byte = (ESCAPES[letter] as number) || -1;
      if (byte < 0) return -1;
    }
    out[length++] = byte;
  }
  return length;
}

/** Four hex digits; -1 where they are none. */
function unicode(bytes: Uint8Array, at: number): number {
  let code = 0;
  for (let digit = 0; digit < 4; digit++) {
    const value = HEX[bytes[at + digit] as number] as number;
    if (value > 15) return -1;
    code = code * 16 + value;
  }
  return code < 0x80 ? code : FOREIGN;
}
