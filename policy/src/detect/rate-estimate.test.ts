import { expect, test } from 'vitest';
import { MIN_PER_DAY, RateEstimate, upperBound } from './rate-estimate.ts';
import { levelOf, NOT_INFORMATIVE, rateOf } from './rate-level.ts';

function started(counts?: 'rough'): RateEstimate {
  const rate = new RateEstimate(1, counts);
  rate.reset(0, 0);
  return rate;
}

/** One request in `every` is unexplained. */
function day(rate: RateEstimate, n: number, every: number, requests = 6_400): void {
  for (let i = 1; i <= requests; i++) rate.observe(0, n, i % every === 0);
}

test('the bound is wide with few observations and narrow with many', () => {
  expect(upperBound(0, 0)).toBeCloseTo(0.0398, 3);
  expect(upperBound(0, 1_000_000)).toBe(0.01);
  expect(upperBound(3_000, 100_000)).toBeCloseTo(0.0316, 3);
  expect(upperBound(100, 100)).toBeLessThanOrEqual(0.95);
});

test('on the first day it is the bound so far', () => {
  const rate = started();
  expect(rateOf(rate.level(0))).toBeCloseTo(0.04, 2);
  day(rate, 0, 20);
  expect(rateOf(rate.level(0))).toBeGreaterThan(0.05);
  expect(rateOf(rate.level(0))).toBeLessThan(0.07);
});

test('where counts are rough, a day of very many is about as one of many', () => {
  const [many, more] = [started(), started('rough')];
  day(many, 0, 20, 60_000);
  day(more, 0, 20, 500_000);
  expect(more.level(0)).toBeGreaterThanOrEqual(many.level(0) - 1);
  expect(more.level(0)).toBeLessThanOrEqual(many.level(0));
});

test('making noise usual takes three days', () => {
  const rate = started();
  day(rate, 0, 100);
  const usual = () => rateOf(rate.level(0));
  day(rate, 1, 5);
  day(rate, 2, 5);
  day(rate, 3, 5);
  expect(usual()).toBeLessThan(0.02);
  day(rate, 4, 5);
  expect(usual()).toBeGreaterThan(0.2);
});

test('a quiet weekend does not make Monday an alarm', () => {
  const rate = started();
  for (let n = 0; n < 5; n++) day(rate, n, 10);
  day(rate, 5, 1_000, MIN_PER_DAY / 4);
  day(rate, 6, 1_000, MIN_PER_DAY / 4);
  day(rate, 7, 10);
  expect(rateOf(rate.level(0))).toBeGreaterThan(0.1);
});

test('what is mostly unexplained is not informative', () => {
  const rate = started();
  day(rate, 0, 1);
  day(rate, 1, 1);
  expect(rate.level(0)).toBe(NOT_INFORMATIVE);
});

test('a new image may bring new habits, and starts from the old ones', () => {
  const rate = started();
  for (let n = 0; n < 4; n++) day(rate, n, 50);
  const before = rate.level(0);
  rate.renew(0, 4);
  expect(rate.level(0)).toBe(before);
  day(rate, 4, 10);
  expect(rate.level(0)).toBeGreaterThan(levelOf(0.1));
});
