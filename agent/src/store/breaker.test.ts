import { expect, it } from 'vitest';
import { Breaker } from './breaker.ts';

const AWAY = 'no answer';

it('opens after some failures in a row, and lets one try through every so often', () => {
  const breaker = new Breaker(250);
  breaker.failed(0, AWAY);
  breaker.failed(1, AWAY);
  breaker.succeeded();
  expect([breaker.failed(2, AWAY), breaker.failed(3, AWAY), breaker.open]).toEqual([false, false, false]);
  expect([breaker.failed(4, AWAY), breaker.open]).toEqual([true, true]);
  expect([5, 253, 254, 255, 503, 504].map((now) => breaker.mayAsk(now))).toEqual([
    false,
    false,
    true,
    false,
    false,
    true,
  ]);
  expect(breaker.failed(504, AWAY)).toBe(false);
  breaker.succeeded();
  expect([breaker.open, breaker.mayAsk(505), breaker.mayAsk(506)]).toEqual([false, true, true]);
});

it('knows nothing any more when nobody has asked for long', () => {
  const breaker = new Breaker(250);
  for (let i = 0; i < 3; i++) breaker.failed(0, AWAY);
  expect([9_999, 10_000].map((now) => breaker.askedLately(now))).toEqual([true, false]);
  expect([breaker.mayAsk(10_000), breaker.askedLately(19_999)]).toEqual([true, true]);
});
