import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hashesOf } from '../../testing/lab/random.ts';
import { aTouch } from '../../testing/touch.ts';
import { ENUMERATION_LIMITS, Enumeration, isSavedLength, SAVED_NUMBERS } from './enumeration.ts';
import type { Touch } from './touch.ts';

const DAY = 86_400_000;
const LIMITS = { ...ENUMERATION_LIMITS, maxKeys: 64 };
const START = 20_000 * DAY;

const touch = (id: number, explained: boolean): Touch =>
  aTouch({ ...hashesOf(id), explained, value: id * 977 });

/** Three days of usual work: of `unexplainedPercent` of the ids nobody has told. */
function learnt(unexplainedPercent: number): Enumeration {
  const engine = new Enumeration(LIMITS);
  for (let i = 0; i < 3_000; i++) {
    const now = START + (i * 3 * DAY) / 3_000;
    engine.step(engine.key(1, 2, 5, now), touch(i, i % 100 >= unexplainedPercent));
  }
  return engine;
}

/** Ids that nobody has told until an alert. */
function untilAlert(engine: Enumeration, now: number): number {
  for (let n = 1; n < 500; n++) {
    const tier = engine.step(engine.key(1, 2, 5, now + n), touch(1_000_000 + n, false));
    if (tier !== 'quiet' && tier !== 'audit') return n;
  }
  return 500;
}

describe('what is usual for a key', () => {
  it.each([1, 8])('is known to the next engine, where %i of 100 ids are unexplained', (percent) => {
    const [engine, next] = [learnt(percent), new Enumeration(LIMITS)];
    const end = START + 3 * DAY;
    const saved = [...engine.save(end)];
    expect(saved).toHaveLength(1);
    expect(saved[0]).toHaveLength(SAVED_NUMBERS);
    for (const one of saved) expect(next.restore(one, end + DAY)).toBe(true);
    const before = engine.evidence(engine.key(1, 2, 5, end));
    const after = next.evidence(next.key(1, 2, 5, end + DAY));
    expect({ ...after, unexplained: 0, misses: 0, distinct: 0, shape: 'none' }).toEqual({
      ...before,
      unexplained: 0,
      misses: 0,
      distinct: 0,
      shape: 'none',
    });
    // Evidence that lately was there is not: it usually is a little sooner without it, or later.
    const [now, then] = [untilAlert(next, end + DAY), untilAlert(learnt(percent), end)];
    expect(Math.abs(now - then)).toBeLessThanOrEqual(3);
  });

  it('is not taken up for a key that is known by now, nor twice', () => {
    const engine = learnt(1);
    const [saved = []] = engine.save(START + 3 * DAY);
    expect(engine.restore(saved, START + 3 * DAY)).toBe(false);
    const next = new Enumeration(LIMITS);
    expect([next.restore(saved, START), next.restore(saved, START)]).toEqual([true, false]);
  });

  it('is not told of principals, nor of keys that are new', () => {
    const engine = learnt(1);
    const now = START + 3 * DAY;
    engine.key(9, 9, 5, now);
    for (let i = 0; i < 400; i++) {
      const slot = engine.key(7, 2, ~5, now);
      const parent = engine.key(1, 2, 5, now);
      engine.step(slot, touch(50_000 + i, true), { parent, highs: engine.key(8, 2, 5, now) });
    }
    expect([...engine.save(now)].map(([high]) => high)).toEqual([1]);
  });

  it('is taken up from an agent that did not know how unexplained ids follow one another', () => {
    const engine = learnt(8);
    const end = START + 3 * DAY;
    const [saved = []] = [...engine.save(end)];
    const old = saved.slice(0, -5);
    expect(isSavedLength(old.length)).toBe(true);
    const next = new Enumeration(LIMITS);
    expect(next.restore(old, end)).toBe(true);
    expect(next.evidence(next.key(1, 2, 5, end)).usualUnexplained).toBeGreaterThan(0.07);
    // Evidence got that high since they come eight at once.
    expect(untilAlert(next, end)).toBeGreaterThan(8);
    expect(isSavedLength(old.length - 1)).toBe(false);
  });

  it('is told with how unexplained ids follow one another', () => {
    const engine = learnt(8);
    const end = START + 3 * DAY;
    const [saved = []] = [...engine.save(end)];
    // Eight of a hundred, all in a row.
    expect(saved.slice(-5)[0]).toBeGreaterThan(40);
    const next = new Enumeration(LIMITS);
    next.restore(saved, end);
    expect([...next.save(end)][0]?.slice(-5)).toEqual(saved.slice(-5));
  });

  it('may be any numbers: then it is some state, and within its bounds', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.nat(0xffffffff), { minLength: SAVED_NUMBERS, maxLength: SAVED_NUMBERS }), {
          maxLength: 80,
        }),
        (all) => {
          const engine = new Enumeration(LIMITS);
          for (const one of all) engine.restore(one, START);
          expect(engine.size).toBeLessThanOrEqual(LIMITS.maxKeys);
          for (const [high = 0, low = 0] of all) {
            const slot = engine.key(high, low, 5, START);
            engine.step(slot, touch(high, false));
            const { unexplained, misses, distinctThreshold } = engine.evidence(slot);
            for (const number of [unexplained, misses, distinctThreshold])
              expect(number).toBeGreaterThanOrEqual(0);
          }
        },
      ),
    );
    expect(new Enumeration(LIMITS).restore([1, 2, 3], START)).toBe(false);
  });
});
