import { describe, expect, it } from 'vitest';
import { utf8 } from '../kernel/bytes.ts';
import { GapTable, insideOf } from './gap-table.ts';
import { INSPECT_LIMITS } from './limits.ts';

const FROM = 9;
const TO = 10;

function learn(table: GapTable, text: string, from = FROM, to = TO): void {
  const bytes = utf8(text);
  table.learn(from, to, { bytes, start: 0, end: bytes.length });
}

/** Where the gap leads that `text` begins with; `end` cuts it off. */
function find(table: GapTable, text: string, from = FROM, end = text.length): number {
  const bytes = utf8(text.padEnd(4));
  const gap = table.find(from, new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 0, end);
  return gap === 0 ? 0 : table.leadsTo(gap);
}

describe('gaps', () => {
  it.each([',', '},', '],[', ',"a"', ',"id":', '},{"id":', `,${' '.repeat(100)}"a":`])(
    'leads on where all of %j is there, and a byte behind it',
    (gap) => {
      const table = new GapTable();
      learn(table, gap);
      expect(find(table, `${gap}1`)).toBe(TO);
      expect(find(table, `${gap}1`, FROM, gap.length)).toBe(0);
      expect(find(table, `${gap}1`, TO)).toBe(0);
      for (let at = 0; at < gap.length; at++)
        expect(find(table, `${gap.slice(0, at)}x${gap.slice(at + 1)}1`)).toBe(0);
    },
  );

  it('are several after one place, and others just before a container there', () => {
    const table = new GapTable();
    learn(table, ',"a":', FROM, 21);
    learn(table, '},{"b":', FROM, 22);
    learn(table, ',', FROM, 23);
    learn(table, '{"c":', insideOf(FROM), 24);
    expect(find(table, '},{"b":1')).toBe(22);
    expect(find(table, ',"a":1')).toBe(23);
    expect(find(table, '{"c":1')).toBe(0);
    expect(find(table, '{"c":1', insideOf(FROM))).toBe(24);
  });

  it('that come again find room, however many came once', () => {
    const table = new GapTable();
    for (let n = 0; n < 100; n++) learn(table, `,"n${n}":`);
    for (let n = 0; n < 8; n++) learn(table, ',"usual":');
    expect(find(table, ',"usual":1')).toBe(TO);
  });

  it('are bounded', () => {
    const table = new GapTable();
    for (let n = 0; n < INSPECT_LIMITS.gaps + 100; n++) learn(table, `,"n${n}":`, n);
    expect(find(table, ',"n7":1', 7)).toBe(TO);
    const last = INSPECT_LIMITS.gaps + 50;
    expect(find(table, `,"n${last}":1`, last)).toBe(0);
    learn(table, `,"${'x'.repeat(200)}":`, last);
    learn(table, '', FROM);
    expect(find(table, ',"a":1')).toBe(0);
  });
});
