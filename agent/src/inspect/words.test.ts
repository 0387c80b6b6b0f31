import { describe, expect, it } from 'vitest';
import { factsOf, NAME } from './name-facts.ts';
import { singular, wordsOf } from './words.ts';

describe('words', () => {
  it.each([
    ['orderId', 'order id'],
    ['order_id', 'order id'],
    ['orderID', 'order id'],
    ['orderIDs', 'order ids'],
    ['ORDER-ID', 'order id'],
    ['orderid', 'order id'],
    ['filter[orderId]', 'filter order id'],
    ['HTTPServerId', 'http server id'],
    ['_id', 'id'],
    ['address2', 'address 2'],
    ['paid', 'paid'],
    ['isValid', 'is valid'],
    ['', ''],
  ])('splits %s', (name, words) => {
    expect(wordsOf(name).join(' ')).toBe(words);
  });

  it.each([
    ['orders', 'order'],
    ['categories', 'category'],
    ['addresses', 'address'],
    ['boxes', 'box'],
    ['houses', 'house'],
    ['statuses', 'status'],
    ['status', 'status'],
    ['movies', 'movie'],
    ['people', 'person'],
    ['order', 'order'],
  ])('makes %s %s', (word, one) => {
    expect(singular(word)).toBe(one);
    expect(singular(one)).toBe(one);
  });
});

describe('what names say', () => {
  it.each([
    ['id', NAME.id, null, null],
    ['_id', NAME.id, null, null],
    ['uuid', NAME.id, null, null],
    ['orderId', NAME.id, 'order', 'order'],
    ['parentOrderId', NAME.id, 'order', 'parent_order'],
    ['orderIds', NAME.id, 'order', 'order'],
    ['customer_uuid', NAME.id, 'customer', 'customer'],
    ['orderNumber', NAME.maybe, 'order', 'order'],
    ['requestId', NAME.never, null, null],
    ['trace_id', NAME.never, null, null],
    ['phoneNumber', NAME.never, null, null],
    ['createdAt', NAME.never, null, null],
    ['total', NAME.never, null, null],
    ['sha256Hash', NAME.never, null, null],
    ['accessToken', NAME.never, null, null],
    ['status', NAME.plain, null, null],
    ['byId', NAME.plain, null, null],
  ])('%s', (name, kind, type, entity) => {
    expect(factsOf(name)).toMatchObject({ kind, type, entity });
  });

  it.each([
    ['customers', 'customer'],
    ['lineItems', 'item'],
    ['customer', 'customer'],
    ['items', null],
    ['data', null],
    ['edges', null],
    ['id', null],
  ])('an id within %s is one of %s', (name, inside) => {
    expect(factsOf(name).inside).toBe(inside);
  });
});
