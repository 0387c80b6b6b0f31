import { HEX } from '../http/chars.ts';

const PERCENT = 0x25;
/** What stands for a character that no id and no name has in it. */
const FOREIGN = 0xff;

/** Text of bounded length that comes a character at a time, percent-encoded (RFC 3986 §2.1). */
export class EscapedValue {
  length = 0;
  /** It has become too long; the rest was dropped. */
  overflowed = false;
  readonly bytes: Uint8Array;
  /** Hex digits of an escape that are still to come, and those that have. */
  #missing = 0;
  #escaped = 0;

  constructor(capacity: number) {
    this.bytes = new Uint8Array(capacity);
  }

  clear(): void {
    this.length = 0;
    this.overflowed = false;
    this.#missing = 0;
  }

  push(code: number): void {
    if (this.#missing > 0) this.#pushDigit(code);
    else if (code === PERCENT) {
      this.#missing = 2;
      this.#escaped = 0;
    } else this.append(code < 0x80 ? code : FOREIGN);
  }

  append(byte: number): void {
    if (this.length === this.bytes.length) this.overflowed = true;
    else this.bytes[this.length++] = byte;
  }

  /** An escape that is none makes the text no id. */
  #pushDigit(code: number): void {
    const digit = code < 0x80 ? (HEX[code] as number) : FOREIGN;
    this.#missing--;
    this.#escaped = digit > 15 ? FOREIGN : (this.#escaped * 16 + digit) & 0xff;
    if (this.#missing === 0) this.append(this.#escaped);
  }
}
