import { describe, expect, it } from 'vitest';
import { Pace } from './pace.ts';

describe('Pace', () => {
  it('keeps its rate, however often it is asked', () => {
    const often = new Pace(1_000, 0);
    let count = 0;
    for (let now = 0; now <= 10_000; now += 0.5) count += often.passed(now);
    expect(count).toBe(new Pace(1_000, 0).passed(10_000));
    expect(count).toBeGreaterThan(9_600);
    expect(count).toBeLessThan(10_400);
  });

  it('loses nothing of what falls due while nobody asks', () => {
    const pace = new Pace(100, 0);
    const early = pace.passed(500);
    expect(early + pace.passed(1_000)).toBe(new Pace(100, 0).passed(1_000));
    expect(pace.passed(1_000)).toBe(0);
  });
});
