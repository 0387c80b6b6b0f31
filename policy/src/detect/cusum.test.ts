import { expect, test } from 'vitest';
import { Random } from '../../testing/lab/random.ts';
import { alertThreshold, LEAST_ALERT, rareAlertThreshold } from './alert-budget.ts';
import { Cusum, FAST, MAX_SUM, MISSES, SLOW, type Weights } from './cusum.ts';
import { LEVELS, levelOf, MAX_RATE, MIN_RATE, NOT_INFORMATIVE, rateOf } from './rate-level.ts';

function started(weights: Weights): Cusum {
  const cusum = new Cusum(1, weights);
  cusum.reset(0, 0);
  return cusum;
}

test('a rate is never rounded down', () => {
  for (let rate = 0; rate < MAX_RATE; rate += 0.0007)
    expect(rateOf(levelOf(rate))).toBeGreaterThanOrEqual(Math.max(rate, MIN_RATE) * (1 - 1e-9));
  expect(levelOf(0.5)).toBe(NOT_INFORMATIVE);
  expect(rateOf(LEVELS - 1)).toBeCloseTo(MAX_RATE);
});

test('evidence falls on average while things are as usual, and rises when it is more than that', () => {
  for (const { share, down } of [FAST, SLOW, MISSES])
    for (let level = 0; level < NOT_INFORMATIVE; level++) {
      const p0 = rateOf(level);
      const up = Math.log((share[level] ?? 0) / p0 + 1 - (share[level] ?? 0));
      const drift = (p: number) => p * up + (1 - p) * (down[level] ?? 0);
      expect(drift(p0)).toBeLessThan(0);
      expect(drift(Math.min(0.98, 3 * p0 + 0.5))).toBeGreaterThan(0);
    }
});

test('what is usual at its place adds less, and never nothing', () => {
  const added = (rate: number) => started(FAST).step(0, levelOf(0.03), true, rate);
  expect(added(0.32)).toBeLessThan(added(0.03) / 3);
  expect(added(0.32)).toBeGreaterThan(0.5);
  expect(added(0.02)).toBeGreaterThan(added(0.03));
});

test('where little is taken away by usual observations, less evidence is enough for the same number of false alarms', () => {
  const least = (weights: Weights, rate: number) => rareAlertThreshold(16, weights.calm[levelOf(rate)] ?? 0);
  expect(least(FAST, 0.03)).toBeGreaterThan(19);
  expect(least(SLOW, 0.03)).toBeLessThan(17.5);
  expect(least(SLOW, 0.01)).toBeGreaterThan(LEAST_ALERT);
});

test('five ids in a row are an alert for who never does that', () => {
  const cusum = started(FAST);
  let ids = 0;
  while (cusum.sum(0) < 20) {
    cusum.step(0, levelOf(0.01), true);
    ids++;
  }
  expect(ids).toBe(5);
});

test('one in five of the traffic shows in the slow one', () => {
  const cusum = started(SLOW);
  let ids = 0;
  for (let i = 0; cusum.sum(0) < 16; i++) {
    cusum.step(0, levelOf(0.01), i % 5 === 0);
    if (i % 5 === 0) ids++;
  }
  expect(ids).toBeLessThan(15);
});

test('a million usual requests raise no alarm', () => {
  const random = new Random(1);
  for (const weights of [FAST, SLOW]) {
    const cusum = started(weights);
    let highest = 0;
    for (let i = 0; i < 1_000_000; i++) {
      cusum.step(0, levelOf(0.03), random.chance(0.03));
      highest = Math.max(highest, cusum.sum(0));
    }
    expect(highest).toBeLessThan(16);
    expect(highest).toBeGreaterThan(0);
  }
});

test('evidence has a ceiling and goes away again', () => {
  const cusum = started(FAST);
  for (let i = 0; i < 1_000; i++) cusum.step(0, 0, true);
  expect(cusum.sum(0)).toBe(MAX_SUM);
  for (let i = 0; i < 100; i++) cusum.step(0, 0, false);
  expect(cusum.sum(0)).toBe(0);
});

test('who has clusters of unexplained ids is measured against them, within limits', () => {
  const cusum = started(FAST);
  const day = (n: number, cluster: number) => {
    for (let i = 0; i < cluster; i++) cusum.noteHigh(0, cusum.step(0, 0, true), n);
    for (let i = 0; i < 200; i++) cusum.noteHigh(0, cusum.step(0, 0, false), n);
  };
  expect(cusum.threshold(0, 14)).toBeCloseTo(FAST.first, 0);
  day(0, 4);
  day(1, 1);
  expect(cusum.threshold(0, 14)).toBeGreaterThan(1.3 * 4 * 4.2);
  for (let n = 2; n < 20; n++) day(n, 1);
  expect(cusum.threshold(0, 14)).toBe(14);
  day(20, 100);
  day(21, 1);
  expect(cusum.threshold(0, 14)).toBe(FAST.most);
});

test('a threshold follows from how many alerts a week somebody accepts', () => {
  const busy = 5 * 7 * 86_400;
  expect(alertThreshold(busy, 1)).toBeCloseTo(Math.log(3 * busy), 5);
  expect(alertThreshold(busy, 0.1) - alertThreshold(busy, 1)).toBeCloseTo(Math.log(10), 5);
  expect(alertThreshold(100, 1)).toBe(LEAST_ALERT);
  expect(alertThreshold(1e15, 1)).toBe(22);
  expect(alertThreshold(0, 1)).toBe(LEAST_ALERT);
});
