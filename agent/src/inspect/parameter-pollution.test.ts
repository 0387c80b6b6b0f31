import { describe, expect, it } from 'vitest';
import { IdNotes } from '../../testing/inspect.ts';
import { utf8 } from '../kernel/bytes.ts';
import { JsonScanner } from './json-scanner.ts';
import { operationNames } from './operation-names.ts';
import { PairReader } from './pair-reader.ts';
import { ParameterPollution, POLLUTION } from './parameter-pollution.ts';
import { PathReader } from './path-reader.ts';
import { ROOT } from './place-table.ts';

const A = '5f0c1c0e-7d3b-4f0e-9b1a-000000001234';
const B = '5f0c1c0e-7d3b-4f0e-9b1a-000000005678';

/** What is found in a request to `template`. */
function check(template: string, target: string, body?: unknown) {
  const { vocabulary, collector } = new IdNotes();
  const pollution = new ParameterPollution(vocabulary.places);
  const operation = operationNames({ template, name: '' }, vocabulary.types);
  const [path = '', query = ''] = target.split('?');
  pollution.begin();
  collector.begin({ take: (id) => pollution.add(id) }, null);
  new PathReader(vocabulary, collector).read(path, operation);
  const pairs = new PairReader(vocabulary, collector);
  pairs.begin(ROOT.query, operation.type);
  pairs.feedText(query, 0, query.length);
  pairs.end();
  const scanner = new JsonScanner(vocabulary, collector);
  scanner.begin(ROOT.body, operation.type);
  const bytes = utf8(JSON.stringify(body ?? {}));
  scanner.feed(bytes, 0, bytes.length);
  if (pollution.kind === POLLUTION.none) return 'none';
  const kind = pollution.kind === POLLUTION.repeated ? 'repeated' : 'contradicting';
  return `${kind} ${[pollution.first, pollution.second].map((place) => vocabulary.places.describe(place)).join(' ')}`;
}

describe('one request that names one object in two ways', () => {
  it.each<[string, string, string, unknown?]>([
    ['contradicting path:1 query:orderId', '/orders/{id}', '/orders/17?orderId=18'],
    ['contradicting path:1 query:order_id', '/orders/{id}', `/orders/${A}?order_id=${B}`],
    ['contradicting path:1 /id', '/orders/{id}', '/orders/17', { id: 18 }],
    ['contradicting query:orderId query:order_id', '/x', '/x?orderId=1&order_id=2'],
    ['repeated query:orderId query:orderId', '/x', '/x?orderId=1&orderId=2'],
    ['none', '/orders/{id}', '/orders/17?orderId=017', { id: '17' }],
    ['none', '/x', '/x?orderId=1&orderId=1'],
    ['none', '/x', '/x?ids=1,2&ids=3'],
    [
      'none',
      '/orders/{id}',
      '/orders/17',
      { items: [{ orderId: 1 }, { orderId: 2 }], parent: { orderId: 3 } },
    ],
    ['none', '/transfers', '/transfers', { fromAccountId: 1, toAccountId: 2 }],
    ['none', '/orders/{id}', '/orders/17?userId=18'],
    ['none', '/x', `/x?a=${A}&b=${B}`, { c: A }],
  ])('%s: %s %s', (found, template, target, body) => {
    expect(check(template, target, body)).toBe(found);
  });
});
