/**
 * What a value at a parameter's place looks like. Finer than the types that policies know (`SEGMENT_TYPES`): these
 * names are learnt and shown, nobody writes them.
 */
export const PARAMETER_TYPES = [
  'int',
  'uuid',
  'hex',
  'ulid',
  'date',
  'email',
  'number',
  'token',
  'text',
] as const;
export type ParameterType = (typeof PARAMETER_TYPES)[number];

/** `word` may well be part of the API itself; `likely` is probably an id; a type is one for certain. */
export type SegmentClass = ParameterType | 'likely' | 'word';

/** A longer segment is nobody's API: it is never kept as a literal. */
export const MAX_LITERAL = 64;
/** A longer segment is not even looked at. */
const MAX_LOOKED_AT = 128;

const DIGIT = 0x01;
const HEX_LETTER = 0x02;
const LOWER = 0x04;
const UPPER = 0x08;
/** Crockford's base 32: no I, L, O, U. */
const BASE32 = 0x10;
const JOINT = 0x20;
/** What numbers may be written with beside digits: coordinates, lists, addresses, times. */
const NUMERIC = 0x40;

const CLASSES = new Uint8Array(128);
for (let code = 0; code < 128; code++) {
  const character = String.fromCharCode(code);
  CLASSES[code] =
    (/[0-9]/.test(character) ? DIGIT : 0) |
    (/[A-Fa-f]/.test(character) ? HEX_LETTER : 0) |
    (/[a-z]/.test(character) ? LOWER : 0) |
    (/[A-Z]/.test(character) ? UPPER : 0) |
    (/[0-9A-HJKMNP-TV-Z]/i.test(character) ? BASE32 : 0) |
    (/[-_]/.test(character) ? JOINT : 0) |
    (/[-_.,:+]/.test(character) ? NUMERIC : 0);
}

const PERCENT = 0x25;
const AT = 0x40;
const DASH = 0x2d;

/** Looks at the characters from `start` up to `end`, once, without cutting them out of the path. */
export function segmentClass(path: string, start: number, end: number): SegmentClass {
  const length = end - start;
  if (length === 0) return 'word';
  if (length > MAX_LOOKED_AT) return 'text';
  let digits = 0;
  let hex = 0;
  let lower = 0;
  let upper = 0;
  let base32 = 0;
  let joints = 0;
  let numeric = 0;
  let escapes = 0;
  let at = -1;
  /** Changes between digits and letters: random text has many of them, `getOrdersV2` has one. */
  let changes = 0;
  let before = 0;
  for (let i = start; i < end; i++) {
    const code = path.charCodeAt(i);
    const kind = CLASSES[code] ?? 0;
    if ((kind & DIGIT) !== 0) digits++;
    if ((kind & HEX_LETTER) !== 0) hex++;
    if ((kind & LOWER) !== 0) lower++;
    if ((kind & UPPER) !== 0) upper++;
    if ((kind & BASE32) !== 0) base32++;
    if ((kind & JOINT) !== 0) joints++;
    if ((kind & NUMERIC) !== 0) numeric++;
    if (code === PERCENT) escapes++;
    if (code === AT) at = at < 0 ? i : end;
    if ((kind & DIGIT) !== (before & DIGIT)) changes++;
    before = kind;
  }
  const letters = lower + upper;
  if (digits === length) return length <= 20 ? 'int' : 'number';
  if (digits + hex === length && (length >= 16 ? digits >= 1 : length >= 8 && digits >= 2)) return 'hex';
  if (joints === 4 && digits + hex === 32 && hasDashes(path, start, UUID_DASHES)) return 'uuid';
  if (length === 26 && base32 === 26 && digits > 0 && path.charCodeAt(start) <= 0x37) return 'ulid';
  if (joints === 2 && digits === 8 && length === 10 && hasDashes(path, start, DATE_DASHES)) return 'date';
  if (at > start && at < end - 1 && letters > 0) return 'email';
  if (digits + numeric === length && digits >= 3) return 'number';
  const plain = letters + digits + joints === length;
  if (plain && length >= 20 && lower > 0 && upper > 0 && digits >= 2 && changes >= 4) return 'token';
  if (length > MAX_LITERAL) return 'text';
  return digits >= 3 || escapes > 0 || length > LONG_WORD ? 'likely' : 'word';
}

/** Words joined to names rarely get longer. */
const LONG_WORD = 32;
const UUID_DASHES = [8, 13, 18, 23] as const;
const DATE_DASHES = [4, 7] as const;

/** Only asked where the number of `-` and `_` fits, so that there are no others. */
function hasDashes(path: string, start: number, places: readonly number[]): boolean {
  for (const place of places) if (path.charCodeAt(start + place) !== DASH) return false;
  return true;
}

export function isParameter(found: SegmentClass): found is ParameterType {
  return found !== 'word' && found !== 'likely';
}

/** The narrowest type that takes the values of both. */
export function widened(a: ParameterType, b: ParameterType): ParameterType {
  if (a === b) return a;
  return WIDER[`${a} ${b}`] ?? WIDER[`${b} ${a}`] ?? 'text';
}

/** Random hex ids are all digits now and then, and random tokens may look like either. */
const WIDER: Readonly<Record<string, ParameterType>> = {
  'int hex': 'hex',
  'int number': 'number',
  'date number': 'number',
  'hex token': 'token',
  'ulid token': 'token',
};
