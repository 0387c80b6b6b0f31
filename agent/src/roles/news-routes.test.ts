import { expect, test } from 'vitest';
import { aWorkload } from '../../testing/workloads.ts';
import { newsFor, newsOf } from './news-routes.ts';

const orders = aWorkload({ name: 'orders' });
const shownTo = (workload: string) => ({ workload, ids: 'RUlEMQ==' });
const usedBy = (workload: string) => ({ fingerprint: 'abc', workload });
const news = {
  shown: [shownTo('shop/Deployment/orders'), shownTo('shop/Job/orders'), shownTo('pay/Deployment/orders')],
  uses: [usedBy('shop/orders'), usedBy('pay/orders')],
};

test('a dataplane speaks for its own workloads only', () => {
  expect(newsOf(news, [orders])).toEqual({ shown: [news.shown[0]], uses: [news.uses[0]] });
  expect(newsOf(news, [])).toEqual({ shown: [], uses: [] });
});

test('a dataplane hears of the ids of its own workloads, and of all credentials', () => {
  expect(newsFor(news, [orders])).toEqual({ shown: [news.shown[0]], uses: news.uses });
  expect(newsFor({ ...news, uses: [] }, [])).toBeNull();
});
