import { expect, test } from 'vitest';
import type { Sequence } from '../../record/finding.ts';
import { chart } from './chart.ts';
import { plain } from './colour.ts';

const sequence: Sequence = {
  unit: 'ids',
  stepMs: 10_000,
  values: [1, 0, 2, 8, 16],
  marked: [0, 0, 0, 6, 15],
  baseline: 2,
  threshold: 12,
};

test('draws bars over time, what is usual, and where it is an alarm', () => {
  expect(chart(sequence, plain, 80)).toEqual([
    '16     █',
    '       █',
    '12 ╌╌╌╌█ alarm 12',
    '       █',
    ' 8    ██',
    '      ██',
    ' 4    ██',
    ' 2 ▄┄███ usual 2',
    'ids per 10s, the 50s to the last sign, █ of them unexplained',
  ]);
});

test('what stands out has a colour of its own', () => {
  const rows = chart(sequence, (colour, text) => `<${colour}>${text}</>`, 80);
  expect(rows[0]).toContain('<red>█</>');
  expect(rows[7]).toContain('<cyan>█</>');
});

test('draws any sequence, also of nothing', () => {
  for (const values of [[], [0], [0, 0], Array.from({ length: 200 }, (_, i) => i * 1e9)])
    for (const columns of [1, 80])
      expect(
        chart({ ...sequence, values, marked: [], baseline: null, threshold: null }, plain, columns),
      ).toHaveLength(9);
});

test('on a narrow terminal several steps are one bar, and no line is longer than it', () => {
  const values = Array.from({ length: 60 }, (_, i) => (i < 50 ? 1 : 4));
  const long = { ...sequence, values, marked: [], baseline: 1, threshold: 4.2 };
  for (const columns of [200, 80, 60, 40, 30]) {
    const rows = chart(long, plain, columns).slice(0, -1);
    expect(Math.max(...rows.map((row) => row.length)), `${columns}`).toBeLessThanOrEqual(columns);
  }
  expect(chart(long, plain, 40).at(-1)).toBe('ids per 30s, the 10m to the last sign');
  expect(chart(long, plain, 40)[0]).toBe('13 ╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌▅▅▅ alarm 13');
});

test('what is usual is said where it is an alarm, too, as for a caller with few ids', () => {
  const rows = chart({ ...sequence, baseline: 0.1, threshold: 1.5 }, plain, 80);
  expect(rows.some((row) => row.endsWith('alarm 1.5, usual 0.1'))).toBe(true);
});
