import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MAX_SHOWN, MAX_USES, readNews } from './news.ts';

const shown = { workload: 'shop/Deployment/orders', ids: 'RUlEMQ==' };
const use = { fingerprint: 'abc', workload: 'shop/orders' };
const many = <T>(count: number, item: T): T[] => Array.from({ length: count }, () => item);

test('news are read, and only what they consist of', () => {
  const news = { shown: many(MAX_SHOWN, shown), uses: many(MAX_USES, use) };
  expect(readNews({ ...news, more: 1, shown: news.shown.map((one) => ({ ...one, more: 1 })) })).toEqual(news);
});

test('that there was more than is told is told', () => {
  const news = { shown: [{ ...shown, cut: true }], uses: [] };
  expect(readNews(news)).toEqual(news);
});

test.each([
  { shown: [{ ...shown, cut: 'yes' }], uses: [] },
  { shown: many(MAX_SHOWN + 1, shown), uses: [] },
  { shown: [], uses: many(MAX_USES + 1, use) },
  { shown: [{ ...shown, ids: '' }], uses: [] },
  { shown: [{ ...shown, ids: 'RUlEMQ=' }], uses: [] },
  { shown: [{ ...shown, ids: 'RU EMQ==' }], uses: [] },
  { shown: [{ ...shown, ids: 'A'.repeat(10_940) }], uses: [] },
  { shown: [{ ...shown, workload: 'x'.repeat(601) }], uses: [] },
  { shown: [], uses: [{ ...use, fingerprint: 'x'.repeat(65) }] },
  { shown: [], uses: [{ ...use, workload: '' }] },
  { shown: {}, uses: [] },
  { shown: [null], uses: [] },
  { shown: [] },
])('%# is no news', (value) => {
  expect(readNews(value)).toBeNull();
});

test('whatever it is, it is read or refused', () => {
  fc.assert(fc.property(fc.anything(), (value) => readNews(value) === null));
});
