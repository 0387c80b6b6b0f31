import { HEX } from '../http/chars.ts';
import { FORM, type Form, MAX_INT_DIGITS } from './id-form.ts';

/** When nobody can read it off an id. */
export const NO_TIME = -1;

const DASH = 0x2d;
const UUID_DIGITS = 32;
const VERSION_AT = 12;
const OBJECT_ID_DIGITS = 24;
const ULID_TIME = 10;
/** Snowflakes have 22 bits of machine and sequence below their milliseconds, counted from whatever day. */
const SNOWFLAKE = 2 ** 22;
const SNOWFLAKE_DIGITS = 17;
/** UUIDs of versions 1 and 6 count 100 ns since the Gregorian calendar began. */
const PER_MS = 10_000;
const GREGORIAN_MS = 12_219_292_800_000;
/** 2001 to 2100: an id of another time has its digits by chance. */
const EARLIEST = Date.UTC(2001, 0);
const LATEST = Date.UTC(2100, 0);

/**
 * When an id was made, in ms, where that is written in it: then ids that were made after one another lie close together,
 * and whoever knows one can guess others. UUIDs of versions 1, 6 and 7, ULIDs, MongoDB's ObjectIds; and snowflakes,
 * from a day that nobody knows. NO_TIME for all others.
 */
export function timeOf(
  bytes: Uint8Array,
  { start, end }: { start: number; end: number },
  form: Form,
): number {
  if (form === FORM.uuid || form === FORM.hex) return plausible(hexTime(bytes, start, end));
  if (form === FORM.ulid) return plausible(ulidTime(bytes, start));
  if (form === FORM.int) return snowflakeTime(bytes, start, end);
  return NO_TIME;
}

const plausible = (ms: number): number => (ms >= EARLIEST && ms < LATEST ? ms : NO_TIME);

const digits = new Uint8Array(UUID_DIGITS);

function hexTime(bytes: Uint8Array, start: number, end: number): number {
  let count = 0;
  for (let at = start; at < end; at++) {
    if (bytes[at] === DASH) continue;
    if (count === UUID_DIGITS) return NO_TIME;
    digits[count++] = HEX[bytes[at] as number] as number;
  }
  if (count === OBJECT_ID_DIGITS) return number(0, 8) * 1_000;
  if (count !== UUID_DIGITS) return NO_TIME;
  switch (digits[VERSION_AT]) {
    case 1:
      return gregorian((number(13, 16) * 2 ** 16 + number(8, 12)) * 2 ** 32 + number(0, 8));
    case 6:
      return gregorian(number(0, 12) * 2 ** 12 + number(13, 16));
    case 7:
      return number(0, 12);
    default:
      return NO_TIME;
  }
}

/** A double is exact to some units of 100 ns, which is enough. */
const gregorian = (units: number): number => Math.floor(units / PER_MS) - GREGORIAN_MS;

function number(from: number, to: number): number {
  let value = 0;
  for (let at = from; at < to; at++) value = value * 16 + (digits[at] as number);
  return value;
}

function ulidTime(bytes: Uint8Array, start: number): number {
  let value = 0;
  for (let at = start; at < start + ULID_TIME; at++) value = value * 32 + base32(bytes[at] as number);
  return value;
}

const CROCKFORD = '0123456789abcdefghjkmnpqrstvwxyz';
const BASE32 = new Uint8Array(256);
for (const [value, digit] of [...CROCKFORD].entries())
  for (const one of [digit, digit.toUpperCase()]) BASE32[one.charCodeAt(0)] = value;

const base32 = (code: number): number => BASE32[code] as number;

function snowflakeTime(bytes: Uint8Array, start: number, end: number): number {
  if (end - start < SNOWFLAKE_DIGITS || end - start > MAX_INT_DIGITS) return NO_TIME;
  let value = 0;
  for (let at = start; at < end; at++) value = value * 10 + (bytes[at] as number) - 0x30;
  return Math.floor(value / SNOWFLAKE);
}
