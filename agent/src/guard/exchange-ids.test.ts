import { brotliCompressSync, gzipSync } from 'node:zlib';
import type { Operation } from '@eastwall/policy';
import { describe, expect, it } from 'vitest';
import { SEED } from '../../testing/inspect.ts';
import { bytesField, grpcFrame, message, varintField } from '../../testing/protobuf.ts';
import { aRequestView } from '../../testing/request-view.ts';
import type { ResponseView } from '../exchange/watch.ts';
import type { FoundId } from '../inspect/id-collector.ts';
import { INSPECT_LIMITS } from '../inspect/limits.ts';
import { POLLUTION } from '../inspect/parameter-pollution.ts';
import { utf8 } from '../kernel/bytes.ts';
import { inflate } from '../kernel/inflate.ts';
import { ExchangeIds } from './exchange-ids.ts';
import { IdReader } from './id-reader.ts';

const operation = (template: string): Operation => ({
  id: 1,
  method: 'GET',
  name: '',
  template,
  parameters: [],
  mergedInto: null,
  evicted: false,
  seen: 0,
  lastSeen: 0,
});

const requestView = (target: string, contentType = '', contentEncoding = '') => {
  const [path = '', query = ''] = target.split('?');
  return aRequestView({ path, query, contentType, contentEncoding });
};

interface Answer {
  readonly status?: number;
  readonly contentType?: string;
  readonly contentEncoding?: string;
  readonly location?: string;
}

const responseView = (answer: Answer): ResponseView => ({
  status: answer.status ?? 200,
  contentType: () => answer.contentType ?? 'application/json; charset=utf-8',
  contentEncoding: () => answer.contentEncoding ?? '',
  location: () => answer.location ?? '',
  deprecation: () => '',
  sunset: () => '',
});

const LIST = operation('/orders');
const GET = operation('/orders/{id}');

class Exchanges {
  readonly reader = new IdReader({ seed: SEED, inflate });
  readonly asked: string[] = [];
  readonly shown: string[] = [];

  /** One of several that may be under way. */
  open(): ExchangeIds {
    const line = (id: FoundId) => {
      const { places, types } = this.reader.vocabulary;
      return `${places.describe(id.position)} ${types.nameOf(id.idType)} ${id.h1}`;
    };
    return new ExchangeIds(this.reader, {
      requested: (id) => this.asked.push(line(id)),
      received: (id) => this.shown.push(line(id)),
    });
  }

  ask(
    target: string,
    about: Operation | null,
    body?: { bytes: Uint8Array; contentType: string },
    pod = 'one',
  ): ExchangeIds {
    const ids = this.open();
    const view = requestView(target, body?.contentType);
    ids.request(view, this.reader.about(about), pod);
    if (body !== undefined && ids.wantsRequestBody(view)) {
      ids.requestBody(body.bytes, 0, body.bytes.length);
      ids.requestBodyEnd(true);
    }
    return ids;
  }

  answer(ids: ExchangeIds, body: Uint8Array, answer: Answer = {}): this {
    if (ids.response(responseView(answer))) ids.responseBody(body, 0, body.length);
    ids.end(true);
    return this;
  }

  get askedPlaces(): string[] {
    return this.asked.map((line) => line.replace(/ -?\d+$/, ''));
  }

  get shownPlaces(): string[] {
    return this.shown.map((line) => line.replace(/ -?\d+$/, ''));
  }

  get bodies() {
    const { responseBodies } = this.reader;
    return Object.fromEntries(Object.entries(responseBodies).filter(([, count]) => count > 0));
  }
}

const json = (value: unknown) => utf8(JSON.stringify(value));
const hashes = (lines: readonly string[]) => lines.map((line) => line.split(' ').at(-1));

describe('ids of an exchange', () => {
  it('what a list shows is what is asked for afterwards', () => {
    const exchanges = new Exchanges();
    exchanges.answer(exchanges.ask('/orders', LIST), json([{ id: 17 }, { id: 18 }]));
    exchanges.ask('/orders/18?customerId=4', GET);
    expect(exchanges.shownPlaces).toEqual(['/*/id order', '/*/id order']);
    expect(exchanges.askedPlaces).toEqual(['path:1 order', 'query:customerId customer']);
    expect(hashes(exchanges.asked)[0]).toBe(hashes(exchanges.shown)[1]);
  });

  it('an operation that nobody knows yet has no parameters, and bodies all the same', () => {
    const exchanges = new Exchanges();
    exchanges.answer(exchanges.ask('/orders/17', null), json({ id: 17, userId: 4 }));
    expect(exchanges.askedPlaces).toEqual([]);
    expect(exchanges.shownPlaces).toEqual(['/id id', '/userId user']);
  });

  it('what was created is shown by its Location', () => {
    const exchanges = new Exchanges();
    exchanges.answer(exchanges.ask('/orders', LIST), utf8(''), { status: 303, location: '/orders/19' });
    expect(exchanges.shownPlaces).toEqual(['location order']);
  });

  it('an error shows nothing: it may repeat what was guessed', () => {
    const exchanges = new Exchanges();
    exchanges.answer(exchanges.ask('/orders/17', GET), json({ orderId: 17 }), {
      status: 404,
      location: '/orders/17',
    });
    expect(exchanges.shown).toEqual([]);
  });

  it.each([
    ['application/json', json({ orderId: 17 }), '/orderId order'],
    ['application/vnd.shop.v1+json', json({ orderId: 17 }), '/orderId order'],
    ['Application/JSON;charset=utf-8', json({ orderId: 17 }), '/orderId order'],
    ['application/x-www-form-urlencoded', utf8('orderId=17'), 'form:orderId order'],
    ['application/grpc', grpcFrame(message(varintField(1, 17n))), 'pb:1 order'],
    ['application/x-protobuf', message(varintField(1, 17n)), 'pb:1 order'],
  ])('request bodies of %s', (contentType, bytes, place) => {
    const exchanges = new Exchanges();
    exchanges.ask('/orders', LIST, { bytes, contentType });
    expect(exchanges.askedPlaces).toEqual([place]);
    expect(exchanges.reader.requestBodies).toMatchObject({ read: 1 });
  });

  it('one that names two objects says so, also where one of them is in its body', () => {
    const exchanges = new Exchanges();
    const body = (id: number) => ({ bytes: json({ id }), contentType: 'application/json' });
    expect(exchanges.ask('/orders/17', GET, body(17)).pollution.kind).toBe(POLLUTION.none);
    const ids = exchanges.ask('/orders/17', GET, body(18));
    expect(ids.pollution.kind).toBe(POLLUTION.contradicting);
    expect(exchanges.reader.vocabulary.places.describe(ids.pollution.second)).toBe('/id');
  });

  it('GraphQL, with the name of its operation', () => {
    const exchanges = new Exchanges();
    const bytes = json({
      operationName: 'Order',
      query: 'query Order($n: ID!) { order(id: $n) { id } }',
      variables: { n: 17 },
    });
    const ids = exchanges.ask('/api/graphql', operation('/api/graphql'), {
      bytes,
      contentType: 'application/json',
    });
    expect(ids.operationName).toBe('Order');
    expect(exchanges.askedPlaces).toEqual(['graphql:/variables/n order']);
  });
});

describe('bodies', () => {
  const withBody = (body: Uint8Array, answer: Answer = {}) => {
    const exchanges = new Exchanges();
    exchanges.answer(exchanges.ask('/orders', LIST), body, answer);
    return exchanges;
  };

  it.each([
    ['gzip', gzipSync],
    ['br', brotliCompressSync],
  ])('compressed by %s are read', (contentEncoding, compress) => {
    const { bodies, shownPlaces } = withBody(compress(json({ id: 17 })), { contentEncoding });
    expect(bodies).toEqual({ read: 1 });
    expect(shownPlaces).toEqual(['/id order']);
  });

  const { messageBytes, ids } = INSPECT_LIMITS;
  const long = utf8(`{"id":17,"text":"${'x'.repeat(messageBytes)}","userId":4}`);
  it.each<[string, Uint8Array, Answer, string, number]>([
    ['of another type', utf8('<id>17</id>'), { contentType: 'text/html' }, 'other_type', 0],
    ['without a type', json({ id: 17 }), { contentType: '' }, 'other_type', 0],
    ['in an unknown coding', json({ id: 17 }), { contentEncoding: 'zstd' }, 'encoding', 0],
    ['that are too long', long, {}, 'too_large', 1],
    [
      'with more ids than are read',
      json(Array.from({ length: ids + 9 }, (_, id) => ({ id }))),
      {},
      'too_large',
      ids,
    ],
    ['that are too long once inflated', gzipSync(long), { contentEncoding: 'gzip' }, 'too_large', 0],
    ['that are no JSON', utf8('{"id":17,oops'), {}, 'unreadable', 1],
    ['that are not compressed', json({ id: 17 }), { contentEncoding: 'gzip' }, 'unreadable', 0],
    [
      'of compressed messages',
      grpcFrame(bytesField(1, utf8('o-1')), 1),
      { contentType: 'application/grpc' },
      'encoding',
      0,
    ],
  ])('%s are counted', (_name, body, answer, outcome, found) => {
    const { bodies, shown } = withBody(body, answer);
    expect(bodies).toEqual({ [outcome]: 1 });
    expect(shown).toHaveLength(found);
  });

  it('that break off are counted, with what they had shown', () => {
    const exchanges = new Exchanges();
    const ids = exchanges.ask('/orders', LIST);
    ids.response(responseView({}));
    const half = utf8('[{"id":17},{"id"');
    ids.responseBody(half, 0, half.length);
    ids.end(false);
    expect(exchanges.bodies).toEqual({ incomplete: 1 });
    expect(exchanges.shownPlaces).toEqual(['/*/id order']);
  });

  it('of many exchanges at a time do not mix, and only so many are read', () => {
    const exchanges = new Exchanges();
    const [head, tail] = [utf8('{"id":1'), utf8('7}')];
    const open = Array.from({ length: 200 }, () => exchanges.ask('/orders', LIST));
    for (const ids of open) if (ids.response(responseView({}))) ids.responseBody(head, 0, head.length);
    for (const ids of open) {
      ids.responseBody(tail, 0, tail.length);
      ids.end(true);
    }
    expect(exchanges.bodies).toEqual({ read: 128, busy: 72 });
    expect(new Set(exchanges.shown).size).toBe(1);
    expect(exchanges.shown).toHaveLength(128);
    // All were given back.
    exchanges.answer(exchanges.ask('/orders', LIST), json({ id: 1 }));
    expect(exchanges.bodies).toEqual({ read: 129, busy: 72 });
  });

  it('of one pod that never end keep nobody from reading those of others, nor its own next one', () => {
    const exchanges = new Exchanges();
    const half = utf8('{"text":"');
    const begin = (pod: string) => {
      const ids = exchanges.ask('/orders', LIST, undefined, pod);
      if (ids.response(responseView({}))) ids.responseBody(half, 0, half.length);
      return ids;
    };
    const endless = Array.from({ length: 300 }, () => begin('greedy'));
    const modest = Array.from({ length: 60 }, () => begin('modest'));
    const rest = utf8('","id":17}');
    for (const ids of modest) {
      for (const each of endless) each.responseBody(utf8('x'), 0, 1);
      ids.responseBody(rest, 0, rest.length);
      ids.end(true);
    }
    expect(exchanges.shown).toHaveLength(60);
    const own = begin('greedy');
    own.responseBody(rest, 0, rest.length);
    own.end(true);
    expect(exchanges.shown).toHaveLength(61);
    for (const ids of endless) ids.end(false);
    expect(exchanges.bodies).toMatchObject({ read: 61, busy: expect.any(Number) });
  });

  it('are streams of messages, of which there may be more than are read at a time', () => {
    const exchanges = new Exchanges();
    const first = grpcFrame(message(varintField(1, 17n)));
    const streams = Array.from({ length: 300 }, () => exchanges.ask('/orders', LIST));
    for (const ids of streams) ids.response(responseView({ contentType: 'application/grpc' }));
    for (let round = 0; round < 2; round++)
      for (const ids of streams) ids.responseBody(first, 0, first.length);
    for (const ids of streams) ids.end(true);
    expect(exchanges.shown).toHaveLength(600);
    expect(exchanges.bodies).toEqual({ read: 300 });
  });

  it('show the shape of their document', () => {
    const exchanges = new Exchanges();
    const shapeOf = (body: unknown) => {
      const ids = exchanges.ask('/orders', LIST);
      exchanges.answer(ids, json(body));
      return ids.shape;
    };
    expect(shapeOf({ id: 1, total: 2 })).toBe(shapeOf({ total: 3, id: 4 }));
    expect(shapeOf({ id: 1 })).not.toBe(shapeOf({ di: 1 }));
    expect(shapeOf({ id: 1 })).not.toBe(0);
  });
});

it('places are learnt from what is asked for, by operation', () => {
  const exchanges = new Exchanges();
  const product = operation('/products/{id}');
  for (let n = 0; n < 20; n++) {
    exchanges.answer(exchanges.ask('/orders', LIST), json({ lines: [{ sku: `A-${n}` }] }));
    exchanges.ask(`/products/A-${n}`, product).end(true);
  }
  expect(exchanges.shownPlaces.at(-1)).toBe('/lines/*/sku product');
  expect(hashes(exchanges.shown).at(-1)).toBe(hashes(exchanges.asked).at(-1));
  const before = exchanges.shown.length;
  exchanges.answer(exchanges.ask('/other', operation('/other')), json({ lines: [{ sku: 'A-1' }] }));
  expect(exchanges.shown).toHaveLength(before);
});
