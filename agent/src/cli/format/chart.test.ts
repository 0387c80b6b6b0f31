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
  expect(chart(sequence, plain)).toEqual([
    '16     █',
    '       █',
    '12 ╌╌╌╌█ alarm 12',
    '       █',
    ' 8    ██',
    '      ██',
    ' 4    ██',
    ' 2 ▄┄███ usual 2',
    'ids per 10s, the last 50s, █ of them unexplained',
  ]);
});

test('what stands out has a colour of its own', () => {
  const rows = chart(sequence, (colour, text) => `<${colour}>${text}</>`);
  expect(rows[0]).toContain('<red>█</>');
  expect(rows[7]).toContain('<cyan>█</>');
});

test('draws any sequence, also of nothing', () => {
  for (const values of [[], [0], [0, 0], Array.from({ length: 200 }, (_, i) => i * 1e9)])
    expect(chart({ ...sequence, values, marked: [], baseline: null, threshold: null }, plain)).toHaveLength(
      9,
    );
});
