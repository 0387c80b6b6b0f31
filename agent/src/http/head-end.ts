import { CR, LF } from './chars.ts';
import { faultCode, NEED_MORE } from './fault.ts';

/**
 * Looks for the empty line that ends a head, from `from` on, where everything before was already searched.
 * A head that arrives a byte at a time is thus read once, not once per byte; `bytes[start]` begins the head.
 * Returns the offset after the empty line, `NEED_MORE`, or a fault code for a line ending that can't be right.
 */
export function findHeadEnd(bytes: Uint8Array, start: number, from: number, end: number): number {
  for (let pos = from; pos < end; pos++) {
    if (bytes[pos] !== LF) continue;
    if (pos === start || bytes[pos - 1] !== CR) return faultCode('bare_lf');
    if (pos - start >= 3 && bytes[pos - 2] === LF) return pos + 1;
  }
  return NEED_MORE;
}
