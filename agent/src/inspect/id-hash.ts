import { HEX } from '../http/chars.ts';
import { FORM, type Form } from './id-form.ts';

const ZERO = 0x30;
const TO_LOWER = 0x20;
/** Up to 15 digits a number is exact. */
const EXACT_DIGITS = 15;
const SMALL_DIGITS = 9;
/** Tells hex from text of as many characters. */
const HEX_MARK = 0x100;
const UUID_DIGITS = 32;
const EACH_BYTE = 0x01010101;

/**
 * Two independent 32-bit hashes of an id in its canonical form, in the manner of MurmurHash3. The seed is secret, so that nobody outside can make two ids look alike.
 *
 * Canonical: integers without leading zeros; UUIDs as 32 hex digits; UUIDs, hex and ULIDs in lower case. So `17` in JSON,
 * `"017"`, `/orders/17` and a varint are one id.
 */
export class IdHash {
  h1 = 0;
  h2 = 0;
  /** The value of an int that is exact in a double; else -1. */
  numeric = -1;
  readonly #seed1: number;
  readonly #seed2: number;
  /** That of the last id, which is mostly that of the next, and how its hashes start. */
  #namespace = 0;
  #start1 = 0;
  #start2 = 0;

  constructor(seed: { readonly seed1: number; readonly seed2: number }) {
    this.#seed1 = seed.seed1 | 0;
    this.#seed2 = seed.seed2 | 0;
    this.#enter(0);
  }

  /** Starts with the namespace of the id: equal values of different namespaces are strangers. */
  begin(namespace: number): this {
    if (namespace !== this.#namespace) this.#enter(namespace);
    this.h1 = this.#start1;
    this.h2 = this.#start2;
    this.numeric = -1;
    return this;
  }

  #enter(namespace: number): void {
    this.#namespace = namespace;
    this.#start1 = mixed(this.#seed1 ^ namespace);
    this.#start2 = mixed(this.#seed2 + Math.imul(namespace, 0x9e3779b1));
  }

  /** The whole value, once after `begin`. */
  finish(bytes: Uint8Array, start: number, end: number, form: Form): void {
    if (form === FORM.uuid) this.#uuid(bytes, start);
    else if (form === FORM.hex) this.#hex(bytes, start, end);
    else if (form === FORM.int) this.#int(bytes, start, end);
    else this.#text(bytes, start, end, form === FORM.ulid ? TO_LOWER : 0);
    this.h1 = mixed(this.h1);
    this.h2 = mixed(this.h2 ^ this.h1);
  }

  #int(bytes: Uint8Array, start: number, end: number): void {
    let at = start;
    while (at < end - 1 && bytes[at] === ZERO) at++;
    if (end - at <= EXACT_DIGITS) this.numeric = decimal(bytes, at, end);
    this.#text(bytes, at, end, 0);
  }

  /** `fold` is set in each byte: `TO_LOWER` makes letters lower-case and leaves digits as they are. */
  #text(bytes: Uint8Array, start: number, end: number, fold: number): void {
    let { h1, h2 } = this;
    const whole = end - ((end - start) & 3);
    let at = start;
    for (; at < whole; at += 4) {
      const word = wordAt(bytes, at) | Math.imul(fold, EACH_BYTE);
      h1 = lane1(h1, word);
      h2 = lane2(h2, word);
    }
    let rest = 0;
    for (; at < end; at++) rest = (rest << 8) | (bytes[at] as number) | fold;
    this.h1 = lane1(lane1(h1, rest), end - start);
    this.h2 = lane2(lane2(h2, rest), end - start);
  }

  /** As `#hex`, whose digits are where they always are. */
  #uuid(bytes: Uint8Array, start: number): void {
    const first = hexAt(bytes, start, start + 4);
    const second = hexAt(bytes, start + 9, start + 14);
    const third = hexAt(bytes, start + 19, start + 24);
    const fourth = hexAt(bytes, start + 28, start + 32);
    const end = UUID_DIGITS | HEX_MARK;
    const h1 = lane1(lane1(lane1(lane1(this.h1, first), second), third), fourth);
    const h2 = lane2(lane2(lane2(lane2(this.h2, first), second), third), fourth);
    this.h1 = lane1(lane1(h1, 0), end);
    this.h2 = lane2(lane2(h2, 0), end);
  }

  /** Hex digits, eight to a word; dashes are passed over. */
  #hex(bytes: Uint8Array, start: number, end: number): void {
    let word = 0;
    let digits = 0;
    for (let at = start; at < end; at++) {
      const digit = HEX[bytes[at] as number] as number;
      if (digit > 15) continue;
      word = (word << 4) | digit;
      if ((++digits & 7) === 0) {
        this.#mix(word);
        word = 0;
      }
    }
    this.#mix(word);
    this.#mix(digits | HEX_MARK);
  }

  #mix(word: number): void {
    this.h1 = lane1(this.h1, word);
    this.h2 = lane2(this.h2, word);
  }
}

/** The step of MurmurHash3, with the constants of its 32-bit variant. */
function lane1(hash: number, word: number): number {
  const k = Math.imul(word, 0xcc9e2d51);
  const h = hash ^ Math.imul((k << 15) | (k >>> 17), 0x1b873593);
  return (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0;
}

/** The same with those of a lane of its 128-bit variant. */
function lane2(hash: number, word: number): number {
  const k = Math.imul(word, 0x239b961b);
  const h = hash ^ Math.imul((k << 16) | (k >>> 16), 0xab0e9789);
  return (Math.imul((h << 19) | (h >>> 13), 5) + 0x561ccd1b) | 0;
}

const wordAt = (bytes: Uint8Array, at: number): number =>
  ((bytes[at] as number) << 24) |
  ((bytes[at + 1] as number) << 16) |
  ((bytes[at + 2] as number) << 8) |
  (bytes[at + 3] as number);

/** Four hex digits here and four there. */
const hexAt = (bytes: Uint8Array, here: number, there: number): number =>
  (shortAt(bytes, here) << 16) | shortAt(bytes, there);

const shortAt = (bytes: Uint8Array, at: number): number =>
  ((HEX[bytes[at] as number] as number) << 12) |
  ((HEX[bytes[at + 1] as number] as number) << 8) |
  ((HEX[bytes[at + 2] as number] as number) << 4) |
  (HEX[bytes[at + 3] as number] as number);

/** In 32-bit integers as long as they hold it. */
function decimal(bytes: Uint8Array, start: number, end: number): number {
  const split = Math.min(end, start + SMALL_DIGITS);
  let small = 0;
  for (let at = start; at < split; at++) small = (Math.imul(small, 10) + (bytes[at] as number) - ZERO) | 0;
  let value = small;
  for (let at = split; at < end; at++) value = value * 10 + (bytes[at] as number) - ZERO;
  return value;
}

/** MurmurHash3's finalizer: every bit of the input moves half of the bits of the result. */
export function mixed(value: number): number {
  let hash = value ^ (value >>> 16);
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
