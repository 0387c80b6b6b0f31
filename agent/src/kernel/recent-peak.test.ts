import { expect, it } from 'vitest';
import { RecentPeak } from './recent-peak.ts';

it('is the largest value of the last minute at least, however often somebody looks', () => {
  const peak = new RecentPeak();
  peak.note(5, 30_000);
  peak.note(3, 59_000);
  expect([peak.of(59_000), peak.of(59_000)]).toEqual([5, 5]);
  peak.note(4, 61_000);
  expect(peak.of(90_000)).toBe(5);
  expect(peak.of(121_500)).toBe(4);
  expect(peak.of(300_000)).toBe(0);
});
