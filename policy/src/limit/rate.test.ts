import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { debitFor, defaultBurst, leastBurst, MAX_TOKENS, parseRate, timeFor, tokensIn } from './rate.ts';

const rate = (text: string) => {
  const parsed = parseRate(text);
  if (parsed === null) throw new Error(text);
  return { ...parsed, burst: defaultBurst(parsed) };
};

describe('rates', () => {
  it.each([
    ['100/s', 100, 25],
    ['1000/s', 1_000, 250],
    ['600/m', 10, 3],
    ['5/m', 5, 1],
    ['1/h', 1, 1],
    ['36000/h', 10, 3],
    ['3/s', 3, 1],
  ])('%s holds %i tokens unless written otherwise, and %i at least', (text, common, least) => {
    expect(defaultBurst(rate(text))).toBe(common);
    expect(leastBurst(rate(text))).toBe(least);
  });

  it.each(['', '1', '/s', '0/s', '01/s', '1/d', '1.5/s', '-1/s', ' 1/s', '1/s ', '1000001/s', '1e3/s'])(
    'refuses `%s`',
    (text) => expect(parseRate(text)).toBeNull(),
  );

  it('gives a burst one by one as well as at once, and no more in a time than the rate', () => {
    const rates = fc.record({
      tokens: fc.integer({ min: 1, max: MAX_TOKENS }),
      windowUs: fc.constantFrom(1e6, 6e7, 3.6e9),
      burst: fc.constant(1),
    });
    fc.assert(
      fc.property(rates, fc.integer({ min: 0, max: 1_000_000 }), (rate, count) => {
        const time = timeFor(rate, count);
        expect(Number.isSafeInteger(time)).toBe(true);
        expect(tokensIn(rate, time)).toBeGreaterThanOrEqual(count);
        expect(time).toBeGreaterThanOrEqual((count * rate.windowUs) / rate.tokens);
        expect(count * debitFor(rate, 1)).toBeLessThanOrEqual(time);
        expect(time - debitFor(rate, count)).toBeLessThanOrEqual(1);
      }),
    );
  });
});
