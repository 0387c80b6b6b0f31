const BACKSLASH = 0x5c;
/** Longer names and values, escapes included, are not looked at. */
export const LONGEST_TOKEN = 256;

export const TOKEN = { none: 0, key: 1, string: 2, number: 3, literal: 4 } as const;
export type Token = (typeof TOKEN)[keyof typeof TOKEN];

/** Takes the text of some strings of a document's outermost objects, escapes and all, in pieces. */
export interface TextTaker {
  wants(name: number): boolean;
  append(bytes: Uint8Array, start: number, end: number): void;
}

/** The beginning of a token that a piece of a document ended within. */
export class PartialToken {
  kind: Token = TOKEN.none;
  length = 0;
  /** It has become too long to be kept. */
  overflowed = false;
  /** The next character of the string is escaped. */
  escaping = false;
  readonly bytes = new Uint8Array(LONGEST_TOKEN);

  clear(): void {
    this.kind = TOKEN.none;
    this.length = 0;
    this.overflowed = false;
    this.escaping = false;
  }

  append(bytes: Uint8Array, start: number, end: number): void {
    if (this.length + end - start > LONGEST_TOKEN) this.overflowed = true;
    if (this.overflowed) return;
    for (let at = start; at < end; at++) this.bytes[this.length++] = bytes[at] as number;
  }

  /** A piece of a string to its last byte; its first one is not escaped. */
  appendString(bytes: Uint8Array, start: number, end: number): void {
    this.append(bytes, start, end);
    let slashes = end;
    while (slashes > start && bytes[slashes - 1] === BACKSLASH) slashes--;
    this.escaping = (end - slashes) % 2 === 1;
  }
}
