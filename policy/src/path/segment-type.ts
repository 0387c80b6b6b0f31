/** What one `{name:type}` segment of a template takes. Every type has a length bound, so a check is bounded too. */
export const SEGMENT_TYPES = {
  int: '1 to 20 decimal digits, no sign',
  uuid: '32 hex digits grouped 8-4-4-4-12, either case',
  hex: '8 to 128 hex digits, either case',
  slug: '1 to 128 letters, digits, `-` and `_`, beginning with a letter or digit',
} as const;
export type SegmentType = keyof typeof SEGMENT_TYPES;

/** Looks at the characters from `start` up to `end`, without cutting them out of the path. */
export type SegmentCheck = (path: string, start: number, end: number) => boolean;

export const SEGMENT_CHECKS: Readonly<Record<SegmentType, SegmentCheck>> = {
  int: (path, start, end) => end - start <= 20 && isAll(DIGIT, path, start, end),
  uuid: isUuid,
  hex: (path, start, end) => {
    const length = end - start;
    return length >= 8 && length <= 128 && isAll(HEX, path, start, end);
  },
  slug: (path, start, end) =>
    end - start <= 128 && is(ALPHANUMERIC, path, start) && isAll(SLUG, path, start, end),
};

const DIGIT = 1;
const HEX = 2;
const ALPHANUMERIC = 4;
const SLUG = 8;

/** Bit set of the classes that each ASCII character belongs to. */
const CLASSES = new Uint8Array(128);
for (let code = 0; code < 128; code++) {
  const character = String.fromCharCode(code);
  if (/[0-9]/.test(character)) CLASSES[code] = DIGIT | HEX | ALPHANUMERIC | SLUG;
  else if (/[A-Fa-f]/.test(character)) CLASSES[code] = HEX | ALPHANUMERIC | SLUG;
  else if (/[G-Zg-z]/.test(character)) CLASSES[code] = ALPHANUMERIC | SLUG;
  else if (/[-_]/.test(character)) CLASSES[code] = SLUG;
}

function is(kind: number, path: string, at: number): boolean {
  return ((CLASSES[path.charCodeAt(at)] ?? 0) & kind) !== 0;
}

function isAll(kind: number, path: string, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (!is(kind, path, i)) return false;
  return end > start;
}

function isUuid(path: string, start: number, end: number): boolean {
  if (end - start !== 36) return false;
  for (let i = 0; i < 36; i++) {
    const dash = i === 8 || i === 13 || i === 18 || i === 23;
    if (dash ? path.charCodeAt(start + i) !== 0x2d : !is(HEX, path, start + i)) return false;
  }
  return true;
}
