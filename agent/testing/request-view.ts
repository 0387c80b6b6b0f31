import type { RequestView } from '../src/exchange/watch.ts';

/** A `GET` of an order, but for what is given; fields that are views are given as their text. */
export const aRequestView = (
  given: Partial<
    Record<
      'method' | 'path' | 'host' | 'query' | 'authorization' | 'apiKey' | 'contentType' | 'contentEncoding',
      string
    >
  > = {},
): RequestView => ({
  method: given.method ?? 'GET',
  path: given.path ?? '/orders/1',
  host: given.host ?? 'orders.shop',
  query: () => given.query ?? '',
  authorization: () => given.authorization ?? '',
  cookie: () => '',
  apiKey: () => given.apiKey ?? '',
  contentType: () => given.contentType ?? '',
  contentEncoding: () => given.contentEncoding ?? '',
});
