import { HEX } from '../http/chars.ts';
import { FORM, type Form } from './id-form.ts';

const ZERO = 0x30;
const TO_LOWER = 0x20;
/** Up to 15 digits a number is exact. */
const EXACT_DIGITS = 15;
const SMALL_DIGITS = 9;
/** Tells hex from text of as many characters. */
const HEX_MARK = 0x100;

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

  constructor(seed: { readonly seed1: number; readonly seed2: number }) {
    this.#seed1 = seed.seed1 | 0;
    this.#seed2 = seed.seed2 | 0;
  }

  /** Starts with the namespace of the id: equal values of different namespaces are strangers. */
  begin(namespace: number): this {
    this.h1 = mixed(this.#seed1 ^ namespace);
    this.h2 = mixed(this.#seed2 + Math.imul(namespace, 0x9e3779b1));
    this.numeric = -1;
    return this;
  }

  /** The whole value, once after `begin`. */
  finish(bytes: Uint8Array, start: number, end: number, form: Form): void {
    if (form === FORM.uuid || form === FORM.hex) this.#hex(bytes, start, end);
    else if (form === FORM.int) this.#int(bytes, start, end);
    else this.#text(bytes, { start, end }, form === FORM.ulid ? TO_LOWER : 0);
    this.h1 = mixed(this.h1);
    this.h2 = mixed(this.h2 ^ this.h1);
  }

  #int(bytes: Uint8Array, start: number, end: number): void {
    let at = start;
    while (at < end - 1 && bytes[at] === ZERO) at++;
    if (end - at <= EXACT_DIGITS) this.numeric = decimal(bytes, at, end);
    this.#text(bytes, { start: at, end }, 0);
  }

  /** `fold` is set in each byte: `TO_LOWER` makes letters lower-case and leaves digits as they are. */
  #text(bytes: Uint8Array, { start, end }: { start: number; end: number }, fold: number): void {
    let word = 0;
    for (let at = start; at < end; at++) {
      word = (word << 8) | (bytes[at] as number) | fold;
      if (((at - start) & 3) === 3) {
        this.#mix(word);
        word = 0;
      }
    }
    this.#mix(word);
    this.#mix(end - start);
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

  /** The step of MurmurHash3, with the constants of its 32-bit and of a lane of its 128-bit variant. */
  #mix(word: number): void {
    let k = Math.imul(word, 0xcc9e2d51);
    k = Math.imul((k << 15) | (k >>> 17), 0x1b873593);
    let h = this.h1 ^ k;
    h = (h << 13) | (h >>> 19);
    this.h1 = (Math.imul(h, 5) + 0xe6546b64) | 0;
    k = Math.imul(word, 0x239b961b);
    k = Math.imul((k << 16) | (k >>> 16), 0xab0e9789);
    h = this.h2 ^ k;
    h = (h << 19) | (h >>> 13);
    this.h2 = (Math.imul(h, 5) + 0x561ccd1b) | 0;
  }
}

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
