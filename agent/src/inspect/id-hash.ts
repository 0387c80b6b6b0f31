import { FORM, type Form } from './id-form.ts';

const ZERO = 0x30;
const DASH = 0x2d;
const UPPER_A = 0x41;
const UPPER_Z = 0x5a;
const TO_LOWER = 0x20;
/** Up to 15 digits a number is exact. */
const EXACT_DIGITS = 15;

/**
 * Two independent 32-bit hashes of an id in its canonical form, in the manner of MurmurHash3 but a byte at a time: ids are
 * short, and come in pieces. The seed is secret, so that nobody outside can make two ids look alike.
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
    if (form === FORM.int) this.#int(bytes, start, end);
    else if (form === FORM.slug || form === FORM.token) this.#plain(bytes, start, end);
    else this.#folded(bytes, start, end);
    this.h1 = mixed(this.h1);
    this.h2 = mixed(this.h2 ^ this.h1);
  }

  #int(bytes: Uint8Array, start: number, end: number): void {
    let at = start;
    while (at < end - 1 && bytes[at] === ZERO) at++;
    let numeric = 0;
    for (let digit = at; digit < end; digit++) numeric = numeric * 10 + (bytes[digit] as number) - ZERO;
    if (end - at <= EXACT_DIGITS) this.numeric = numeric;
    this.#plain(bytes, at, end);
  }

  #plain(bytes: Uint8Array, start: number, end: number): void {
    let { h1, h2 } = this;
    for (let at = start; at < end; at++) {
      const byte = bytes[at] as number;
      h1 = Math.imul(h1 ^ byte, 0xcc9e2d51);
      h1 = (h1 << 15) | (h1 >>> 17);
      h2 = Math.imul(h2 ^ byte, 0x85ebca6b);
      h2 = (h2 << 13) | (h2 >>> 19);
    }
    this.h1 = h1;
    this.h2 = h2;
  }

  #folded(bytes: Uint8Array, start: number, end: number): void {
    let { h1, h2 } = this;
    for (let at = start; at < end; at++) {
      let byte = bytes[at] as number;
      if (byte === DASH) continue;
      if (byte >= UPPER_A && byte <= UPPER_Z) byte |= TO_LOWER;
      h1 = Math.imul(h1 ^ byte, 0xcc9e2d51);
      h1 = (h1 << 15) | (h1 >>> 17);
      h2 = Math.imul(h2 ^ byte, 0x85ebca6b);
      h2 = (h2 << 13) | (h2 >>> 19);
    }
    this.h1 = h1;
    this.h2 = h2;
  }
}

/** MurmurHash3's finalizer: every bit of the input moves half of the bits of the result. */
export function mixed(value: number): number {
  let hash = value ^ (value >>> 16);
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
