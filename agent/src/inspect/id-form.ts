import { HEX as HEX_DIGIT } from '../http/chars.ts';

/** What a value looks like. Forms from `uuid` to `token` are hardly ever the same by chance: see `isOwnNamespace`. */
export const FORM = { none: 0, int: 1, uuid: 2, hex: 3, ulid: 4, token: 5, slug: 6 } as const;
export type Form = (typeof FORM)[keyof typeof FORM];

/** Longer values are text. */
export const MAX_ID_LENGTH = 64;
/** Decimal digits of the largest 64-bit integer. */
export const MAX_INT_DIGITS = 20;

const DIGIT = 1;
const LOWER = 2;
const UPPER = 4;
const HEX = 8;
/** Crockford's base 32 without I, L, O and U, either case: ULIDs. */
const BASE32 = 16;
const JOINT = 32;
const LETTER = LOWER | UPPER;

const CLASSES = new Uint8Array(256);
for (let code = 0; code < 128; code++) {
  const character = String.fromCharCode(code);
  CLASSES[code] =
    (/[0-9]/.test(character) ? DIGIT : 0) |
    (/[a-z]/.test(character) ? LOWER : 0) |
    (/[A-Z]/.test(character) ? UPPER : 0) |
    (/[0-9A-Fa-f]/.test(character) ? HEX : 0) |
    (/[0-9A-HJKMNP-TV-Z]/i.test(character) ? BASE32 : 0) |
    (/[-_.:@+~=]/.test(character) ? JOINT : 0);
}

/** Bits that a random character carries, by which of digits, lower and upper case there are. */
const BITS = [0, 10, 26, 36, 26, 36, 52, 62].map((alphabet) => (alphabet === 0 ? 0 : Math.log2(alphabet)));
const TOKEN_BITS = 64;
const SHORTEST_HEX = 16;
const DASH = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;
const SEVEN = 0x37;
const UUID_LENGTH = 36;

/** Values of these forms are told apart by themselves, whatever kind of object they stand for. */
export const isOwnNamespace = (form: Form): boolean => form >= FORM.uuid && form <= FORM.token;

/** Looks at each byte once. A slug is any word an id may be written as: whether it is one, its name must say. */
export function formOf(bytes: Uint8Array, start: number, end: number): Form {
  const length = end - start;
  if (length === 0 || length > MAX_ID_LENGTH) return FORM.none;
  if (length === UUID_LENGTH && isUuid(bytes, start)) return FORM.uuid;
  // A UUID without its dashes may have no letters: longer than any integer, digits are hex.
  if (isDigits(bytes, start, end)) return length <= MAX_INT_DIGITS ? FORM.int : FORM.hex;
  /** Classes that all characters have, and that one has, but for joints. */
  let core = 0xff;
  let some = 0;
  let digits = 0;
  let joints = 0;
  let changes = 0;
  let before = 0;
  for (let at = start; at < end; at++) {
    const kind = CLASSES[bytes[at] as number] as number;
    if (kind === 0) return FORM.none;
    if (kind === JOINT) {
      joints++;
      continue;
    }
    core &= kind;
    some |= kind;
    digits += kind & DIGIT;
    const group = kind & (DIGIT | LETTER);
    if (group !== before) changes++;
    before = group;
  }
  if (joints === 0 && core & HEX && length >= SHORTEST_HEX && digits > 0) return FORM.hex;
  if (joints === 0 && core & BASE32 && length === 26 && digits > 0 && (bytes[start] as number) <= SEVEN)
    return FORM.ulid;
  if (isRandom(some, length - joints, changes - 1)) return FORM.token;
  return CLASSES[bytes[start] as number] === JOINT ? FORM.none : FORM.slug;
}

export function isDigits(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number;
    if (byte < ZERO || byte > NINE) return false;
  }
  return true;
}

/** Random text changes between digits and letters all the time; words joined to a name do so seldom. */
function isRandom(some: number, characters: number, changes: number): boolean {
  if ((some & DIGIT) === 0 || (some & LETTER) === 0) return false;
  return (BITS[some & 7] as number) * characters >= TOKEN_BITS && changes * 4 >= characters;
}

/** The most frequent of the long forms, so it has a short cut. */
function isUuid(bytes: Uint8Array, start: number): boolean {
  if (bytes[start + 8] !== DASH || bytes[start + 13] !== DASH) return false;
  if (bytes[start + 18] !== DASH || bytes[start + 23] !== DASH) return false;
  let digits = 0;
  for (let at = 0; at < 8; at++) digits |= HEX_DIGIT[bytes[start + at] as number] as number;
  for (let at = 9; at < 13; at++) {
    digits |= HEX_DIGIT[bytes[start + at] as number] as number;
    digits |= HEX_DIGIT[bytes[start + at + 5] as number] as number;
    digits |= HEX_DIGIT[bytes[start + at + 10] as number] as number;
  }
  for (let at = 24; at < UUID_LENGTH; at++) digits |= HEX_DIGIT[bytes[start + at] as number] as number;
  return digits <= 15;
}
