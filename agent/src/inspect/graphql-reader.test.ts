import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { piecesOf } from '../../testing/h2/wire-frames.ts';
import { feedPieces, IdNotes } from '../../testing/inspect.ts';
import { utf8 } from '../kernel/bytes.ts';
import { graphqlQuery } from './graphql-arguments.ts';
import { GraphqlReader } from './graphql-reader.ts';
import { ANY_TYPE } from './type-table.ts';

const UUID = '5f0c1c0e-7d3b-4f0e-9b1a-000000001234';

function read(pieces: readonly Uint8Array[], notes = new IdNotes()) {
  const reader = new GraphqlReader(notes.vocabulary, notes.collector);
  notes.begin();
  reader.begin(notes, null, ANY_TYPE);
  feedPieces(pieces, (bytes, start, end) => reader.feed(bytes, start, end));
  const status = reader.end();
  return { status, name: reader.operationName, lines: notes.lines, ids: notes.ids };
}

const request = (body: unknown) => read([utf8(JSON.stringify(body))]);

describe('GraphQL requests', () => {
  it('variables are ids of what the query passes them to, also where it comes last', () => {
    expect(
      request({
        operationName: 'Basket',
        variables: { id: 17, who: 'c-4', input: { productId: 5 }, first: 20 },
        query: 'query Basket($id: ID!, $who: ID) { order(id: $id) { total } customer(id: $who) { name } }',
      }),
    ).toMatchObject({
      status: 'closed',
      name: 'Basket',
      lines: [
        'graphql:/variables/id order',
        'graphql:/variables/who customer',
        'graphql:/variables/input/productId product',
      ],
    });
  });

  it('without a word from the query they are of what the operation is called after', () => {
    expect(request({ operationName: 'GetCustomer', variables: { id: 4 } }).lines).toEqual([
      'graphql:/variables/id customer',
    ]);
  });

  it('are read in the same way when others like them came before', () => {
    const notes = new IdNotes();
    const body = [
      utf8('{"variables":{"id":17,"n":1},"operationName":"GetOrder","query":"{ order(id: 5) { a } }"}'),
    ];
    const first = read(body, notes);
    expect(first).toMatchObject({ status: 'closed', name: 'GetOrder', ids: { length: 2 } });
    for (let n = 0; n < 3; n++) expect(read(body, notes)).toEqual(first);
  });

  it('arguments in the text are ids too', () => {
    const query = `mutation Move { moveItem(id: "i-1", toOrderId: 18, first: 10, where: { id: 5 }) { ok } a: orders(ids: [1, 2]) { id } x(ref: "${UUID}") }`;
    expect(request({ query })).toMatchObject({
      name: 'Move',
      lines: [
        'graphql:/moveItem/id item',
        'graphql:/moveItem/toOrderId order',
        'graphql:/orders/ids order',
        'graphql:/orders/ids order',
        'graphql:/x/ref uuid',
      ],
    });
  });

  it('says when a body is no JSON', () => {
    expect(read([utf8('query { order(id: 1) }')]).status).toBe('malformed');
  });

  it('are the same in any pieces, and never throw', () => {
    const part = fc.constantFrom(
      'query',
      ' A',
      '(',
      ')',
      '{',
      '}',
      'id',
      ':',
      '$id',
      '"x',
      '"',
      '"""',
      '17',
      '[',
      '\n',
      '#',
      '\\',
    );
    fc.assert(
      fc.property(
        fc.array(part, { maxLength: 25 }),
        fc.dictionary(fc.constantFrom('id', 'orderId', 'x'), fc.nat()),
        fc.array(fc.nat(), { maxLength: 6 }),
        (parts, variables, cuts) => {
          const bytes = utf8(JSON.stringify({ variables, query: parts.join('') }));
          const notes = new IdNotes();
          const whole = read([bytes], notes);
          expect(whole.status).toBe('closed');
          expect(read(piecesOf(bytes, cuts), notes)).toEqual(whole);
          expect(() => read([bytes.subarray(0, bytes.length >> 1)])).not.toThrow();
        },
      ),
    );
  });
});

describe('the text of a query', () => {
  it('is not searched again and again for the end of a string', () => {
    expect(graphqlQuery(`query A { a(id: "${'\\"'.repeat(4000)}`)).toEqual({
      operationName: 'A',
      arguments: [],
    });
  });
});
