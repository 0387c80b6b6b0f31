import { CR, LF, SP, TOKEN } from '../http/chars.ts';

/** What a connection speaks, judged by the caller's first bytes. `more` asks for further bytes. */
export type Sniffed = 'http1' | 'h2' | 'tls' | 'opaque' | 'more';

const TLS_HANDSHAKE = 0x16;
const TLS_MAJOR = 0x03;
const SLASH = 0x2f;
/** RFC 9113 §3.4. */
const H2_PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
/** RFC 9113 §4.1, §6.5: type of the frame, without flags on stream 0, and the length of each setting in it. */
const H2_FRAME_HEAD = 9;
const H2_SETTINGS = 4;
const H2_SETTING_BYTES = 6;
/** No registered method is longer than 17 bytes; a longer first word is some other protocol. */
const MAX_METHOD_BYTES = 32;
const VERSION_MARK = 'HTTP/';

/**
 * Names the protocol. HTTP/1 needs its whole first line, ending in a version: `GET key` is also how a line-based
 * protocol (Redis inline, memcached) may begin. A line that says HTTP but is malformed is still `http1`, so that the
 * strict reader refuses it instead of letting it pass as opaque. So is one behind an empty line (RFC 9112 §2.2). `from` is
 * where the last call stopped looking for the line's end, so that a byte at a time costs no quadratic search.
 */
export function sniff(bytes: Uint8Array, from: number, end: number): Sniffed {
  if (end === 0) return 'more';
  if (bytes[0] === TLS_HANDSHAKE) return end === 1 ? 'more' : bytes[1] === TLS_MAJOR ? 'tls' : 'opaque';
  const start = lineStart(bytes, end);
  const methodEnd = endOfMethod(bytes, start, end);
  if (methodEnd < 0) return 'opaque';
  if (methodEnd === end) return 'more';
  // No `indexOf`: it would look behind `end`, too, or at a part that is made for it alone.
  let lineEnd = Math.max(from, start);
  while (lineEnd < end && bytes[lineEnd] !== LF) lineEnd++;
  if (lineEnd === end) return 'more';
  if (startsLikePreface(bytes, end)) return end < H2_PREFACE.length ? 'more' : 'h2';
  return endsInVersion(bytes, lineEnd) ? 'http1' : 'opaque';
}

/**
 * Whether an unfinished first line is a request's rather than some other protocol's: a method and a path have begun.
 * One that stalls there is a slow request to be ended, not bytes to be passed unread.
 */
export function beginsLikeRequest(bytes: Uint8Array, end: number): boolean {
  const methodEnd = endOfMethod(bytes, lineStart(bytes, end), end);
  return methodEnd > 0 && methodEnd + 1 < end && bytes[methodEnd + 1] === SLASH;
}

/**
 * Whether upstream's first bytes are those of an HTTP/2 server: it sends SETTINGS without waiting for the caller (RFC 9113
 * §3.4), so they often come first and are no sign of a protocol in which servers greet. `said` is what the caller has
 * sent until then: nothing, or a part of the preface.
 */
export function greetsInH2(greeting: Uint8Array, said: Uint8Array): boolean {
  return (
    greeting.length >= H2_FRAME_HEAD &&
    // Few settings are known, so a length that needs more than one byte is another protocol's.
    greeting[0] === 0 &&
    greeting[1] === 0 &&
    (greeting[2] as number) % H2_SETTING_BYTES === 0 &&
    greeting[3] === H2_SETTINGS &&
    greeting.subarray(4, H2_FRAME_HEAD).every((byte) => byte === 0) &&
    startsLikePreface(said, said.length)
  );
}

/** Whether upstream's first bytes are an HTTP response: some servers end a silent connection by a 408. */
export function beginsLikeResponse(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start < VERSION_MARK.length) return false;
  for (let at = 0; at < VERSION_MARK.length; at++)
    if (bytes[start + at] !== VERSION_MARK.charCodeAt(at)) return false;
  return true;
}

/** Where the first line begins: behind an empty one, be that complete or not. */
function lineStart(bytes: Uint8Array, end: number): number {
  if (bytes[0] !== CR) return 0;
  return end === 1 || bytes[1] === LF ? Math.min(2, end) : 0;
}

/** The end of the first word, `end` when it may go on, -1 when it can't be a method. */
function endOfMethod(bytes: Uint8Array, start: number, end: number): number {
  const limit = Math.min(end, start + MAX_METHOD_BYTES);
  let pos = start;
  while (pos < limit && TOKEN[bytes[pos] as number] === 1) pos++;
  if (pos === limit) return limit === end ? end : -1;
  return pos > start && bytes[pos] === SP ? pos : -1;
}

function startsLikePreface(bytes: Uint8Array, end: number): boolean {
  const length = Math.min(end, H2_PREFACE.length);
  for (let pos = 0; pos < length; pos++) if (bytes[pos] !== H2_PREFACE.charCodeAt(pos)) return false;
  return true;
}

function endsInVersion(bytes: Uint8Array, lineEnd: number): boolean {
  const end = bytes[lineEnd - 1] === CR ? lineEnd - 1 : lineEnd;
  const start = end - VERSION_MARK.length - 3;
  if (start < 1) return false;
  for (let i = 0; i < VERSION_MARK.length; i++)
    if (bytes[start + i] !== VERSION_MARK.charCodeAt(i)) return false;
  return true;
}
