import { PROVENANCE_LIMITS } from '@eastwall/policy';
import { expect, test } from 'vitest';
import { aWorkload } from '../../testing/workloads.ts';
import { Credentials } from '../guard/credentials.ts';
import { Provenance } from '../guard/provenance.ts';
import { DataplaneNews } from './dataplane-news.ts';
import { parseReport } from './dataplane-report.ts';

const orders = aWorkload({ name: 'orders' });

function aDataplane() {
  const provenance = new Provenance({ limits: PROVENANCE_LIMITS, maxWorkloads: 100, shared: true });
  const credentials = new Credentials({
    fingerprint: (secret) => `#${secret}`,
    maxCredentials: 10,
    shared: true,
  });
  const filterOf = (name: string) => provenance.of(aWorkload({ name }), 0).caller.filter;
  const show = (name: string, id: number) =>
    filterOf(name).show({ source: 'response', ids: 0 }, { h1: id, h2: -id }, 0);
  return { filterOf, show, credentials, news: new DataplaneNews(provenance, credentials) };
}

/** As IPC does. */
const sent = <T>(message: T): T => JSON.parse(JSON.stringify(message)) as T;

test('what one dataplane was shown explains what is asked for in another, for the same workload', () => {
  const [here, there] = [aDataplane(), aDataplane()];
  here.show('orders', 17);
  for (const message of sent(here.news.take())) {
    expect(parseReport(message)).toEqual(message);
    there.news.hear(message, 0);
  }
  expect(there.filterOf('orders').explains(17, -17)).toBe(true);
  expect(there.filterOf('orders').explains(18, -18)).toBe(false);
  expect(there.filterOf('cart').explains(17, -17)).toBe(false);
  expect(there.news.take()).toEqual([]);
});

test('messages are bounded, and all workloads are told of', () => {
  const { news, show } = aDataplane();
  for (let at = 0; at < 40; at++) for (let id = 0; id < 1_030; id++) show(`w-${at}`, id + 1);
  const messages = news.take();
  for (const message of messages) expect(parseReport(message)).not.toBeNull();
  expect(messages.map(({ shown }) => shown.length)).toEqual([0, 16, 16, 8]);
  expect(messages.reduce((sum, { dropped }) => sum + dropped, 0)).toBe(40 * 6);
  expect(news.take()).toEqual([]);
});

test('ids that are none, and more than may be in a minute, are refused and counted', () => {
  const { news, filterOf } = aDataplane();
  news.hear({ shown: [{ workload: 'shop/Deployment/orders', ids: 'AAAA' }], uses: [] }, 0);
  expect(news.take()).toEqual([{ kind: 'news', shown: [], uses: [], dropped: 0, refused: 1 }]);
  const other = aDataplane();
  for (let round = 0; round < 6; round++) {
    for (let id = 0; id < 1_000; id++) other.show('orders', 1_000 * round + id + 1);
    for (const message of other.news.take()) news.hear(message, 0);
  }
  expect(filterOf('orders').inserts.peer).toBe(5_000);
  expect(news.take()).toMatchObject([{ refused: 1_000 }]);
});

test('of a workload that is shown more than is told, it is known that something is missing', () => {
  const [here, there] = [aDataplane(), aDataplane()];
  for (let id = 0; id < 1_030; id++) there.show('orders', id + 1);
  there.show('cart', 1);
  for (const message of sent(there.news.take())) {
    expect(parseReport(message)).toEqual(message);
    here.news.hear(message, 0);
  }
  expect(here.news.partlyKnown(0)).toEqual(['shop/Deployment/orders']);
  // Who was shown all that knows it, as long as all is shown there.
  expect(there.news.partlyKnown(0)).toEqual([]);
  there.news.miss(0);
  expect(there.news.partlyKnown(0)).toEqual(['shop/Deployment/orders', 'shop/Deployment/cart']);
});

test('a credential that was used elsewhere is one of several workloads here', () => {
  const [here, there] = [aDataplane(), aDataplane()];
  there.credentials.check(aWorkload({ name: 'cart' }), '', 'key-1');
  for (const message of sent(there.news.take())) here.news.hear(message, 0);
  expect(here.credentials.check(orders, '', 'key-1')).toMatchObject({ detection: 'shared-credential' });
});
