import { expect, it } from 'vitest';
import { Breaker } from './breaker.ts';

it('opens after some failures in a row, and lets one try through every so often', () => {
  const breaker = new Breaker(250);
  breaker.failed(0);
  breaker.failed(1);
  breaker.succeeded();
  expect([breaker.failed(2), breaker.failed(3), breaker.open]).toEqual([false, false, false]);
  expect([breaker.failed(4), breaker.open]).toEqual([true, true]);
  expect([5, 253, 254, 255, 503, 504].map((now) => breaker.mayAsk(now))).toEqual([
    false,
    false,
    true,
    false,
    false,
    true,
  ]);
  expect(breaker.failed(504)).toBe(false);
  breaker.succeeded();
  expect([breaker.open, breaker.mayAsk(505), breaker.mayAsk(506)]).toEqual([false, true, true]);
});

it('knows nothing any more when nobody has asked for long', () => {
  const breaker = new Breaker(250);
  for (let i = 0; i < 3; i++) breaker.failed(0);
  expect([9_999, 10_000].map((now) => breaker.askedLately(now))).toEqual([true, false]);
  expect([breaker.mayAsk(10_000), breaker.askedLately(19_999)]).toEqual([true, true]);
});
