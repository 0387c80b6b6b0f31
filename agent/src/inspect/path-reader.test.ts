import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { IdNotes } from '../../testing/inspect.ts';
import { operationNames } from './operation-names.ts';
import { PathReader } from './path-reader.ts';

const UUID = '5f0c1c0e-7d3b-4f0e-9b1a-000000001234';

function read(template: string, path: string) {
  const notes = new IdNotes();
  const operation = operationNames({ template, name: '' }, notes.vocabulary.types);
  new PathReader(notes.vocabulary, notes.begin().collector).read(path, operation);
  return notes;
}

function readLocation(location: string): string[] {
  const notes = new IdNotes();
  new PathReader(notes.vocabulary, notes.begin().collector).readLocation(location);
  return notes.lines;
}

describe('parameters of a path', () => {
  it.each([
    ['/orders/{id}', '/orders/17', ['path:1 order']],
    ['/v1/orders/{orderId}/items/{itemId}', '/v1/orders/17/items/4', ['path:2 order', 'path:4 item']],
    ['/line-items/{id}', '/line-items/a-4', ['path:1 item']],
    ['/repos/{owner}/{repo}', '/repos/ann/tools', ['path:1 repo', 'path:2 repo.2']],
    ['/{id}', '/17', ['path:0 id']],
    ['/v1/{id}', '/v1/17', ['path:1 id']],
    ['/orders/{id}', `/orders/${UUID}`, ['path:1 uuid']],
    ['/orders/{id}', '/orders/two%20words', []],
    ['/orders/{id}', '/orders/', []],
    ['/orders/{id}/items', '/orders', []],
    ['/orders', '/orders', []],
  ])('%s: %s', (template, path, lines) => {
    expect(read(template, path).lines).toEqual(lines);
  });

  it('never throws, whatever the path', () => {
    const segment = fc.constantFrom('/', 'orders', '17', '%', '%41', 'é', '\ud800', '');
    fc.assert(
      fc.property(fc.array(segment, { maxLength: 12 }), (parts) => {
        expect(read('/orders/{id}/items/{id2}', parts.join('')).ids.length).toBeLessThanOrEqual(2);
      }),
    );
  });
});

describe('what an operation is about', () => {
  it.each([
    ['/orders', '', 'order'],
    ['/api/v1/orders/{id}', '', 'order'],
    ['/orders/{id}/items', '', 'item'],
    ['/orders/search', '', 'order'],
    ['/users/me', '', 'user'],
    ['/shop.v1.Orders/GetOrder', '', 'order'],
    ['/shop.v1.Orders/ListLineItems', '', 'item'],
    ['/shop.v1.Orders/Get', '', 'order'],
    ['/graphql', 'GetCustomer', 'customer'],
    ['/', '', 'id'],
  ])('%s %s: %s', (template, name, type) => {
    const { types } = new IdNotes().vocabulary;
    expect(types.nameOf(operationNames({ template, name }, types).type)).toBe(type);
  });
});

describe('Location', () => {
  it.each([
    ['/orders/17', ['location order']],
    ['https://orders.shop/v1/orders/a-17?x=/9', ['location order']],
    ['//orders.shop/orders/17/', ['location order']],
    ['orders/17', ['location order']],
    [`/orders/17/items/${UUID}#x`, ['location order', 'location uuid']],
    ['/orders', []],
    ['https://orders.shop', []],
    ['/login', []],
    ['', []],
  ])('%s', (location, lines) => {
    expect(readLocation(location)).toEqual(lines);
  });

  it('never throws', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (location) => {
        expect(readLocation(location).length).toBeLessThanOrEqual(location.length);
      }),
    );
  });
});
