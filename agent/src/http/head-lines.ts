import { CR } from './chars.ts';

/**
 * The head at `start` to `end`, which must have been read without a fault, with `inserted` as its first lines of fields and
 * without those that `drops` says; everything else stays as it is.
 */
export function rewriteHead(
  bytes: Uint8Array,
  start: number,
  end: number,
  inserted: Uint8Array,
  drops: (bytes: Uint8Array, start: number, end: number) => boolean,
): Uint8Array {
  const head = new Uint8Array(end - start + inserted.length);
  let pos = lineEnd(bytes, start);
  let length = append(head, 0, bytes.subarray(start, pos));
  length = append(head, length, inserted);
  while (pos < end) {
    const next = lineEnd(bytes, pos);
    if (!drops(bytes, pos, next)) length = append(head, length, bytes.subarray(pos, next));
    pos = next;
  }
  return head.subarray(0, length);
}

function append(head: Uint8Array, at: number, part: Uint8Array): number {
  head.set(part, at);
  return at + part.length;
}

/** Behind the CRLF: no line that was read without a fault has a bare CR in it. */
function lineEnd(bytes: Uint8Array, start: number): number {
  let pos = start;
  while (bytes[pos] !== CR) pos++;
  return pos + 2;
}
