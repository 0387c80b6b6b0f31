/**
 * One spelling per path, used for matching only: the bytes that go upstream are never rewritten.
 *
 * A path is refused (null) when two servers could read it differently, because then a rule that allows one
 * reading would let the other through:
 *
 * | Refused                              | Why                                                                     |
 * | ------------------------------------ | ----------------------------------------------------------------------- |
 * | no leading `/` (except `*`)          | an authority or a relative path names no resource of this server        |
 * | `//`                                 | merged by some servers, an empty segment for others                     |
 * | `.` and `..` segments, encoded too   | resolved by some servers, literal for others                            |
 * | `%2F`                                | a separator for servers that decode first, a character for the others   |
 * | `\` and `%5C`                        | a separator on some servers                                             |
 * | `;` and `%3B`                        | path parameters are cut off by some servers, kept by others             |
 * | control characters, raw or encoded   | may end or split the path in C strings and line-based hops              |
 * | `%` without two hex digits           | kept, dropped or an error, depending on the server                      |
 * | `%25` before two hex digits          | a server that decodes twice sees another path                           |
 * | raw space, `?`, `#`                  | these end the path; a target that still holds one was split differently |
 * | raw bytes from 0x80                  | no agreed charset                                                       |
 * | encoded bytes that are not UTF-8     | overlong forms hide `/` and `.` from strict readers                     |
 *
 * Everything else is brought to one form: a character that may stand for itself in a path (RFC 3986 §3.3 `pchar`)
 * is written raw, any other as an upper-case escape. RFC 3986 tells `:` from `%3A`, but most servers do not, and
 * a Deny rule must hold for both. Case and a trailing slash are significant. No Unicode normalisation.
 */
export function canonicalPath(path: string): string | null {
  if (path.charCodeAt(0) !== SLASH) return path === '*' ? path : null;
  for (let i = 1; i < path.length; i++) {
    const code = path.charCodeAt(i);
    if (PLAIN[code] === 1) continue;
    if (code === SLASH) {
      if (path.charCodeAt(i - 1) === SLASH) return null;
    } else if (code === DOT) {
      if (path.charCodeAt(i - 1) === SLASH && isDotSegment(path, i)) return null;
    } else {
      return respell(path);
    }
  }
  return path;
}

const SLASH = 0x2f;
const DOT = 0x2e;
const PERCENT = 0x25;
const SPACE = 0x20;
const QUESTION = 0x3f;
const HASH = 0x23;

const PCHAR = /[A-Za-z0-9\-._~!$&'()*+,=:@]/;
const REFUSED_AS_ANY_SPELLING = '/\\;';

/** 1 for characters that the fast path steps over: `pchar` without `.`, which may be a dot segment. */
const PLAIN = new Uint8Array(128);
/** The one spelling of each ASCII character, null where it is refused. */
const SPELLING: (string | null)[] = [];
/** Value of each ASCII hex digit, -1 for the others. */
const HEX_VALUE = new Int8Array(128).fill(-1);
for (let code = 0; code < 128; code++) {
  const character = String.fromCharCode(code);
  const plain = PCHAR.test(character);
  if (plain && code !== DOT) PLAIN[code] = 1;
  if (/[0-9A-Fa-f]/.test(character)) HEX_VALUE[code] = Number.parseInt(character, 16);
  if (code < 0x20 || code === 0x7f || REFUSED_AS_ANY_SPELLING.includes(character)) SPELLING.push(null);
  else SPELLING.push(plain ? character : `%${code.toString(16).toUpperCase()}`);
}

/** Whether the segment that starts at `start` with a dot is `.` or `..`. */
function isDotSegment(path: string, start: number): boolean {
  const next = path.charCodeAt(start + 1) === DOT ? start + 2 : start + 1;
  return next === path.length || path.charCodeAt(next) === SLASH;
}

/** The slow path, for paths with escapes or unusual characters: copies what is plain in runs, respells the rest. */
function respell(path: string): string | null {
  let out = '';
  let run = 0;
  let i = 0;
  while (i < path.length) {
    const code = path.charCodeAt(i);
    if (PLAIN[code] === 1 || code === SLASH || code === DOT) {
      i++;
      continue;
    }
    const width = code === PERCENT ? escapeWidth(path, i) : 1;
    if (width === 0) return null;
    const spelled = code === PERCENT ? spellEscape(path, i, width) : spellRaw(code);
    if (spelled === null) return null;
    out += path.slice(run, i) + spelled;
    i += width;
    run = i;
  }
  out += path.slice(run);
  return isAmbiguous(out) ? null : out;
}

function spellRaw(code: number): string | null {
  return code === SPACE || code === QUESTION || code === HASH ? null : (SPELLING[code] ?? null);
}

function spellEscape(path: string, start: number, width: number): string | null {
  if (width > 3) return path.slice(start, start + width).toUpperCase();
  return SPELLING[escapedByte(path, start)] ?? null;
}

/** Checked on the result, because `%2e%2E` and `%25%32F` only show what they are after decoding. */
function isAmbiguous(path: string): boolean {
  return /\/\/|\/\.{1,2}(?:\/|$)|%25[0-9A-Fa-f]{2}/.test(path);
}

/** The byte of the escape at `start`, or -1 when there is no `%` with two hex digits. */
function escapedByte(path: string, start: number): number {
  if (path.charCodeAt(start) !== PERCENT) return -1;
  const high = HEX_VALUE[path.charCodeAt(start + 1)] ?? -1;
  const low = HEX_VALUE[path.charCodeAt(start + 2)] ?? -1;
  return high < 0 || low < 0 ? -1 : 16 * high + low;
}

/** Characters taken by the escape, or by the run of escapes that is one UTF-8 character; 0 when invalid. */
function escapeWidth(path: string, start: number): number {
  const lead = escapedByte(path, start);
  if (lead < 0x80) return lead < 0 ? 0 : 3;
  const continuations = lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
  if (lead < 0xc2 || lead > 0xf4) return 0;
  for (let n = 1; n <= continuations; n++) {
    const byte = escapedByte(path, start + 3 * n);
    const [low, high] = n === 1 ? secondByteRange(lead) : ANY_CONTINUATION;
    if (byte < low || byte > high) return 0;
  }
  return 3 * (continuations + 1);
}

const ANY_CONTINUATION = [0x80, 0xbf] as const;

/**
 * Unicode 15 table 3-7: what excludes overlong forms, surrogates and code points above U+10FFFF;
 * and after C2, the control characters U+0080 to U+009F.
 */
function secondByteRange(lead: number): readonly [number, number] {
  if (lead === 0xc2) return [0xa0, 0xbf];
  if (lead === 0xe0) return [0xa0, 0xbf];
  if (lead === 0xed) return [0x80, 0x9f];
  if (lead === 0xf0) return [0x90, 0xbf];
  if (lead === 0xf4) return [0x80, 0x8f];
  return ANY_CONTINUATION;
}
