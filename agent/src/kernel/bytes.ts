import { Buffer } from 'node:buffer';

/** ASCII (latin1) text of a range, through the runtime's native path: a JavaScript loop costs three times as much. */
export function ascii(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.prototype.latin1Slice.call(bytes, start, end);
}

/** Whether a range is this ASCII text. For short ones this costs a fraction of what cutting the range out does. */
export function equalsExactly(bytes: Uint8Array, start: number, end: number, text: string): boolean {
  if (end - start !== text.length) return false;
  for (let i = 0; i < text.length; i++) if (bytes[start + i] !== text.charCodeAt(i)) return false;
  return true;
}

/** As `ascii`, where it mostly is what it was before: then that is returned, and no text is made. */
export function asciiLike(bytes: Uint8Array, start: number, end: number, before: string): string {
  return equalsExactly(bytes, start, end, before) ? before : ascii(bytes, start, end);
}

/** Bytes of a text that we wrote ourselves. */
export function utf8(text: string): Uint8Array {
  return Buffer.from(text, 'utf8');
}

/** A copy that outlives the shared read buffer. */
export function copyOf(bytes: Uint8Array, start: number, end: number): Uint8Array {
  const copy = Buffer.allocUnsafeSlow(end - start);
  copy.set(bytes.subarray(start, end));
  return copy;
}

/** `head` followed by a range of `tail`, in fresh memory. */
export function concat(head: Uint8Array, tail: Uint8Array, start: number, end: number): Uint8Array {
  const joined = Buffer.allocUnsafeSlow(head.length + end - start);
  joined.set(head);
  joined.set(tail.subarray(start, end), head.length);
  return joined;
}
