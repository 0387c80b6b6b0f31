import { equalsIgnoringCase } from './fields.ts';
import { rewriteHead } from './head-lines.ts';

const NAME = 'content-length';
const NOTHING = new Uint8Array(0);

/**
 * The response head at `start` to `end`, which must have been read without a fault, with the first Content-Length only. Who
 * passes on a length that is given again, the same each time, has to refuse it or to give it once (RFC 9110 §8.6): some
 * callers, such as Node, refuse it.
 */
export function onceGivenLength(bytes: Uint8Array, start: number, end: number): Uint8Array {
  let given = false;
  return rewriteHead(bytes, start, end, NOTHING, (line, lineStart) => {
    // A field that was read without a fault has its colon right behind its name, so this is all of it.
    if (!equalsIgnoringCase(line, lineStart, lineStart + NAME.length + 1, `${NAME}:`)) return false;
    const again = given;
    given = true;
    return again;
  });
}
