import fc from 'fast-check';
import { expect, test } from 'vitest';
import { includesPort, parsePortRanges } from './port-ranges.ts';

test.each([
  ['', []],
  [' , ', []],
  ['25', [{ from: 25, to: 25 }]],
  [
    '25, 8000-8010,',
    [
      { from: 25, to: 25 },
      { from: 8000, to: 8010 },
    ],
  ],
  ['1-65535', [{ from: 1, to: 65_535 }]],
])('`%s` is read', (text, ranges) => {
  expect(parsePortRanges(text)).toEqual({ ok: true, value: ranges });
});

test.each(['http', '0', '65536', '10-9', '1-', '-1', '25;26', '1e3', '25 26'])('`%s` is refused', (text) => {
  expect(parsePortRanges(`80,${text}`)).toEqual({
    ok: false,
    error: `\`${text}\` is neither a port nor a range such as \`8000-8010\``,
  });
});

test('the number of ranges is bounded', () => {
  const ports = (count: number) => Array.from({ length: count }, (_, i) => i + 1).join();
  expect(parsePortRanges(ports(64)).ok).toBe(true);
  expect(parsePortRanges(ports(65)).ok).toBe(false);
});

test('a port is in the ranges that were written', () => {
  const port = fc.integer({ min: 1, max: 65_535 });
  fc.assert(
    fc.property(fc.array(fc.tuple(port, port), { maxLength: 5 }), port, (pairs, asked) => {
      const sorted = pairs.map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const);
      const parsed = parsePortRanges(sorted.map(([from, to]) => `${from}-${to}`).join());
      if (!parsed.ok) throw new Error(parsed.error);
      expect(includesPort(parsed.value, asked)).toBe(
        sorted.some(([from, to]) => from <= asked && asked <= to),
      );
    }),
  );
});

test('any text is read or refused, and never throws', () => {
  fc.assert(fc.property(fc.string(), (text) => void parsePortRanges(text)));
});
