import { describe, expect, it } from 'vitest';
import { median, spread } from './statistics.ts';

describe('median', () => {
  it.each([
    [[3], 3],
    [[5, 1, 3], 3],
    [[10, 9, 1, 2], 5.5],
  ])('of %j is %d', (values, expected) => expect(median(values)).toBe(expected));

  it('refuses nothing', () => expect(() => median([])).toThrow('no values'));
});

describe('spread', () => {
  it('is relative to the median', () => expect(spread([90, 100, 120])).toBeCloseTo(0.3));
  it('of one value is none', () => expect(spread([7])).toBe(0));
});
