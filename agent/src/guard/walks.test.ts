import { expect, test } from 'vitest';
import { Walks } from './walks.ts';

const LINES = { usual: 0.5, most: 120 };

test('keeps ids over time from the first on that nothing explains', () => {
  const walks = new Walks(10);
  walks.touch(1, true, 0);
  expect(walks.sequence(1, 0, LINES)).toBeNull();
  walks.touch(1, false, 5_000);
  walks.touch(1, true, 9_999);
  walks.touch(1, false, 30_000);
  const picture = walks.sequence(1, 40_000, LINES);
  expect(picture).toMatchObject({ unit: 'ids', stepMs: 10_000, threshold: 2, baseline: 0.5 * (3 / 60) });
  expect(picture?.values.slice(-5)).toEqual([2, 0, 0, 1, 0]);
  expect(picture?.marked.slice(-5)).toEqual([1, 0, 0, 1, 0]);
  expect(picture?.values).toHaveLength(60);
});

test('what is older than ten minutes is gone, also after a long silence', () => {
  const walks = new Walks(10);
  walks.touch(1, false, 0);
  walks.touch(1, false, 599_999);
  expect(walks.sequence(1, 600_000, LINES)?.values.reduce((a, b) => a + b)).toBe(1);
  walks.touch(1, false, 9_000_000);
  expect(walks.sequence(1, 9_000_000, { ...LINES, usual: null })).toMatchObject({ baseline: null });
  expect(walks.sequence(1, 9_000_000, LINES)?.values.reduce((a, b) => a + b)).toBe(1);
});

test('the walk that began longest ago makes room', () => {
  const walks = new Walks(2);
  for (const key of [1, 2, 3]) walks.touch(key, false, 0);
  expect([1, 2, 3].map((key) => walks.sequence(key, 0, LINES) !== null)).toEqual([false, true, true]);
});
