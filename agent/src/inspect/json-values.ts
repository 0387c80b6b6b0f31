import { FORM } from './id-form.ts';
import { beginsNumber, endOfLiteral, isInteger, NUMBER, nearQuote, QUOTE } from './json-bytes.ts';
import type { JsonCursor } from './json-cursor.ts';

const COMMA = 0x2c;

/** Where a short value at the cursor ends, which is considered; -1 where it is not short, or not all there. */
export function endOfShort(
  cursor: JsonCursor,
  bytes: Uint8Array,
  view: DataView,
  start: number,
  end: number,
): number {
  const first = bytes[start] as number;
  if (first !== QUOTE)
    return beginsNumber(first) ? endOfNumbers(cursor, bytes, start, end) : endOfLiteral(view, start, end);
  const close = nearQuote(view, start + 1, end);
  if (close < 0) return -1;
  if (cursor.wants(close - start - 1)) cursor.consider(bytes, start + 1, close);
  return close + 1;
}

/**
 * Where a number at the cursor ends, and those that follow it closely in an array, all of which are considered; -1 where
 * even the first may go on.
 */
export function endOfNumbers(cursor: JsonCursor, bytes: Uint8Array, start: number, end: number): number {
  let close = -1;
  for (let at = start; ; at++) {
    const first = at;
    let kinds = 0;
    for (; at < end; at++) {
      const kind = NUMBER[bytes[at] as number] as number;
      if (kind === 0) break;
      kinds |= kind;
    }
    if (at === end) return close;
    if (cursor.wants(at - first) && isInteger(kinds, at - first)) cursor.consider(bytes, first, at, FORM.int);
    close = at;
    if (bytes[at] !== COMMA || at + 1 >= end || !beginsNumber(bytes[at + 1] as number)) return close;
    if (!cursor.isElement) return close;
  }
}
