import { MAX_INT_DIGITS } from './id-form.ts';

export const QUOTE = 0x22;
export const BACKSLASH = 0x5c;
const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;
const LOWER_E = 0x65;

/** Four bytes at a time. */
const QUOTES = 0x22222222;
const BACKSLASHES = 0x5c5c5c5c;
const HIGH_BITS = 0x80808080 | 0;
const LOW_BITS = 0x01010101;
const TRUE = 0x65757274;
const FALS = 0x736c6166;
const NULL = 0x6c6c756e;
const LONGEST_LITERAL = 5;

/** A string is looked through by hand for so long; then the runtime's search is faster. */
export const NEAR = 48;

const DIGIT = 1;
const OTHER = 2;
/** By byte: what it is in a number, by RFC 8259 §6; 0 for what is in none. */
export const NUMBER = new Uint8Array(256);
for (const character of '+-.eE') NUMBER[character.charCodeAt(0)] = OTHER;
for (const character of '0123456789') NUMBER[character.charCodeAt(0)] = DIGIT;

export const beginsNumber = (byte: number): boolean => (byte >= ZERO && byte <= NINE) || byte === MINUS;

/** `true`, `false` and `null`, by their first byte. */
export const LITERALS: readonly (Uint8Array | undefined)[] = Array.from({ length: 256 }, (_, first) => {
  const word = ['true', 'false', 'null'].find((literal) => literal.charCodeAt(0) === first);
  return word === undefined ? undefined : Uint8Array.from(word, (character) => character.charCodeAt(0));
});

/** The quote that ends a short string without escapes; -1 where it is none. Looks at words, which is twice as fast. */
export function nearQuote(view: DataView, start: number, end: number): number {
  const near = Math.min(end, start + NEAR);
  let at = start;
  for (; at + 4 <= near; at += 4) {
    const word = view.getInt32(at, true);
    if (((zeroBytes(word ^ QUOTES) | zeroBytes(word ^ BACKSLASHES)) & HIGH_BITS) !== 0) break;
  }
  for (; at < near; at++) {
    const byte = view.getUint8(at);
    if (byte === QUOTE) return at;
    if (byte === BACKSLASH) return -1;
  }
  return -1;
}

/** Its high bits tell whether any byte of a word is 0; those of the bytes above that one mean nothing. */
const zeroBytes = (word: number): number => (word - LOW_BITS) & ~word;

/** Where the quote is that closes the string; -1 when it is not there yet. The first byte is not escaped. */
export function endOfString(bytes: Uint8Array, start: number, end: number): number {
  for (let at = start; at < end; ) {
    const near = Math.min(end, at + NEAR);
    while (at < near) {
      const byte = bytes[at] as number;
      if (byte === QUOTE) return at;
      at += byte === BACKSLASH ? 2 : 1;
    }
    if (at >= end) return -1;
    const quote = bytes.indexOf(QUOTE, at);
    if (quote < 0 || quote >= end) return -1;
    let slashes = quote;
    while (slashes > at && bytes[slashes - 1] === BACKSLASH) slashes--;
    if ((quote - slashes) % 2 === 0) return quote;
    at = quote + 1;
  }
  return -1;
}

export function hasEscape(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (bytes[at] === BACKSLASH) return true;
  return false;
}

/**
 * Whether a number is an integer of 64 bits, by its length and by what all its bytes together are: not negative, without a
 * point or an exponent.
 */
export const isInteger = (kinds: number, length: number): boolean =>
  kinds === DIGIT && length <= MAX_INT_DIGITS;

/** Where the literal ends that is here; -1 where there is none, or not enough to tell. */
export function endOfLiteral(view: DataView, start: number, end: number): number {
  if (start + LONGEST_LITERAL > end) return -1;
  const word = view.getInt32(start, true);
  if (word === TRUE || word === NULL) return start + 4;
  return word === FALS && view.getUint8(start + 4) === LOWER_E ? start + 5 : -1;
}
