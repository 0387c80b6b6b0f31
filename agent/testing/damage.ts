import fc from 'fast-check';
import type { Conversation, Said } from './conversation.ts';

/** One change to a conversation; numbers are taken modulo what is there. */
type Change =
  | { readonly kind: 'set'; readonly read: number; readonly at: number; readonly to: number }
  | {
      readonly kind: 'remove' | 'repeat';
      readonly read: number;
      readonly at: number;
      readonly length: number;
    }
  | { readonly kind: 'insert'; readonly read: number; readonly at: number; readonly bytes: Uint8Array }
  | { readonly kind: 'drop' | 'double' | 'swap'; readonly read: number }
  | { readonly kind: 'graft'; readonly read: number; readonly from: number; readonly which: number };

/** What parsers compare with: ends of lines, separators, digits, bounds of lengths. */
const TELLING = [0, 1, 9, 10, 13, 32, 44, 47, 48, 57, 58, 59, 65, 97, 127, 128, 254, 255];
const place = { read: fc.nat(60), at: fc.nat(4_000) };

const change: fc.Arbitrary<Change> = fc.oneof(
  fc.record({
    kind: fc.constant('set' as const),
    ...place,
    to: fc.oneof(fc.constantFrom(...TELLING), fc.nat(255)),
  }),
  fc.record({ kind: fc.constantFrom('remove' as const, 'repeat' as const), ...place, length: fc.nat(40) }),
  fc.record({ kind: fc.constant('insert' as const), ...place, bytes: fc.uint8Array({ maxLength: 12 }) }),
  fc.record({
    kind: fc.constantFrom('drop' as const, 'double' as const, 'swap' as const),
    read: fc.nat(60),
  }),
  fc.record({ kind: fc.constant('graft' as const), read: fc.nat(60), from: fc.nat(60), which: fc.nat(60) }),
);

/** Conversations of the corpus with up to six changes each, some of them grafts from another one. */
export function damaged(kept: readonly Conversation[]): fc.Arbitrary<Said[]> {
  return fc
    .tuple(fc.constantFrom(...kept), fc.array(change, { maxLength: 6 }))
    .map(([{ said }, changes]) => changes.reduce((now, each) => changed(now, each, kept), [...said]));
}

/** The same, each read in pieces. */
export const inPieces = (said: readonly Said[], cuts: readonly number[]): Said[] =>
  said.flatMap(({ by, bytes }) => {
    const ends = [...new Set(cuts.map((cut) => cut % (bytes.length + 1))), bytes.length].sort(
      (a, b) => a - b,
    );
    return ends.map((end, at) => ({ by, bytes: bytes.subarray(ends[at - 1] ?? 0, end) }));
  });

function changed(said: Said[], each: Change, kept: readonly Conversation[]): Said[] {
  const index = each.read % said.length;
  const read = said[index];
  if (read === undefined) return said;
  const others = said.toSpliced(index, 1);
  switch (each.kind) {
    case 'drop':
      return others;
    case 'double':
      return said.toSpliced(index, 0, read);
    case 'swap':
      return others.toSpliced(index + 1, 0, read);
    case 'graft': {
      const other = kept[each.which % kept.length]?.said ?? [];
      const graft = other[each.from % Math.max(1, other.length)];
      return graft === undefined ? said : said.toSpliced(index, 0, graft);
    }
    default:
      return said.with(index, { ...read, bytes: changedBytes(read.bytes, each) });
  }
}

function changedBytes(
  bytes: Uint8Array,
  each: Extract<Change, { kind: 'set' | 'remove' | 'repeat' | 'insert' }>,
): Uint8Array {
  const at = each.at % (bytes.length + 1);
  const before = bytes.subarray(0, at);
  switch (each.kind) {
    case 'set':
      return Uint8Array.of(...before, each.to, ...bytes.subarray(at + 1));
    case 'remove':
      return Uint8Array.of(...before, ...bytes.subarray(at + each.length));
    case 'repeat':
      return Uint8Array.of(...before, ...bytes.subarray(at, at + each.length), ...bytes.subarray(at));
    case 'insert':
      return Uint8Array.of(...before, ...each.bytes, ...bytes.subarray(at));
  }
}
