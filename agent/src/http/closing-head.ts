import { COLON, TOKEN } from './chars.ts';
import { equalsIgnoringCase } from './fields.ts';
import { rewriteHead } from './head-lines.ts';

const CLOSE = Uint8Array.from('connection: close\r\n', (letter) => letter.charCodeAt(0));

/**
 * The response head at `start` to `end`, which must have been read without a fault, with the word that the connection
 * ends after this response (RFC 9112 §9.6). It is the first field, since some callers only look at the first
 * Connection; whatever promises the contrary is left out, and everything else stays as it is.
 */
export const closingHead = (bytes: Uint8Array, start: number, end: number): Uint8Array =>
  rewriteHead(bytes, start, end, CLOSE, promisesMore);

/** Keep-Alive, and a Connection that names it. */
function promisesMore(bytes: Uint8Array, start: number, end: number): boolean {
  let nameEnd = start;
  while (TOKEN[bytes[nameEnd] as number] === 1) nameEnd++;
  if (equalsIgnoringCase(bytes, start, nameEnd, 'keep-alive')) return true;
  if (bytes[nameEnd] !== COLON || !equalsIgnoringCase(bytes, start, nameEnd, 'connection')) return false;
  for (let pos = nameEnd + 1; pos < end; pos++) {
    const token = pos;
    while (TOKEN[bytes[pos] as number] === 1) pos++;
    if (equalsIgnoringCase(bytes, token, pos, 'keep-alive')) return true;
  }
  return false;
}
