import type { ApiPolicy, Destination, Workload } from '@eastwall/policy';
import { expect, test } from 'vitest';
import { Exchange } from '../exchange/exchange.ts';
import { OperationBook } from './operation-book.ts';

const caller = {
  uid: 'u',
  namespace: 'shop',
  pod: 'frontend-1',
  node: 'n',
  serviceAccount: 'frontend',
  kind: 'Deployment',
  name: 'frontend',
  labels: {},
} satisfies Workload;

const zoo: Destination = {
  key: 'zoo',
  ip: '10.0.0.1',
  port: 80,
  services: [{ namespace: 'shop', service: 'zoo', port: 80 }],
};
const outside: Destination = { key: 'outside', ip: '203.0.113.9', port: 443, services: [] };

const policy: ApiPolicy = {
  namespace: 'shop',
  name: 'zoo',
  generation: 1,
  mode: 'Audit',
  target: { services: ['zoo'] },
  rules: [
    {
      name: 'r',
      action: 'Allow',
      to: [
        { methods: ['GET'], path: '/zoo/{animal}' },
        { methods: ['PUT'], path: '/**' },
        { grpc: { service: 'zoo.Keeper', method: 'Feed' } },
        { grpc: { service: 'zoo.Keeper' } },
      ],
    },
  ],
};

function setUp(maxOperations = 1_000) {
  const clock = { now: 1_000 };
  const book = new OperationBook({ now: () => clock.now, maxOperations });
  const see = (text: string, more: Partial<Exchange> = {}, destination = zoo, from: Workload = caller) => {
    const [method = '', path = '', status = '200'] = text.split(' ');
    const exchange = new Exchange();
    exchange.begin('http1', 0);
    Object.assign(exchange, {
      method,
      path,
      status: Number(status),
      bytesSent: 10,
      bytesReceived: 20,
      ...more,
    });
    book.ended(exchange, { caller: from, destination });
  };
  const take = () =>
    book
      .take()
      .usages.map(({ service, kind, method, template, calls }) =>
        [service, kind, method, template, calls].join(' '),
      );
  return { book, clock, see, take };
}

test('operations are counted as they are used', () => {
  const { book, clock, see } = setUp();
  see('GET /zoo/7');
  clock.now = 2_000;
  see('GET /zoo/8 503', { outcome: 'upstream_reset' }, zoo, { ...caller, namespace: 'ci', name: 'runner' });
  see('GET /zoo/9 403', { outcome: 'denied' }, zoo, { ...caller, uid: '' });
  expect(book.take()).toEqual({
    moves: [],
    forgotten: 0,
    usages: [
      {
        namespace: 'shop',
        service: 'zoo',
        port: 80,
        kind: 'operation',
        method: 'GET',
        name: '',
        template: '/zoo/{zooId}',
        protocol: 'http1',
        calls: 3,
        denied: 1,
        statuses: [0, 0, 1, 0, 1, 1],
        bytesSent: 30,
        bytesReceived: 60,
        firstSeen: 1_000,
        lastSeen: 2_000,
        callers: { 'shop/frontend': 1, 'ci/runner': 1, unknown: 1 },
        receivedBy: { 'ci/runner': 20, 'shop/frontend': 20, unknown: 20 },
        otherCalls: 0,
      },
    ],
  });
  expect(book.take().usages).toEqual([]);
});

test('a scan is counted, and adds no operation', () => {
  const { see, take } = setUp();
  for (let i = 0; i < 50; i++) see(`GET /admin${i} 404`);
  see('GET /.. 400', { outcome: 'denied' });
  see('GET /x 500');
  see('GET /x 0', { outcome: 'upstream_unreachable' });
  expect(take()).toEqual(['zoo probes   52']);
});

test('hosts outside of the cluster are told apart by name, and TLS by that alone', () => {
  const { see, take } = setUp();
  see('GET /v1/models', { host: 'API.example.com:443' }, outside);
  see('GET /v1/models', { host: '203.0.113.9' }, outside);
  see('', { protocol: 'tls', host: 'bank.example', status: 0 }, outside);
  see('', { protocol: 'opaque', status: 0 }, outside);
  expect(take()).toEqual([
    'api.example.com operation GET /v1/models 1',
    '203.0.113.9 operation GET /v1/models 1',
    'bank.example tls   1',
  ]);
});

test('gRPC says in its own status whether a method is there', () => {
  const { see, take } = setUp();
  const grpc = (text: string, grpcStatus: number) => see(text, { protocol: 'h2', grpcStatus });
  grpc('POST /zoo.Keeper/Feed', 0);
  grpc('POST /zoo.Keeper/Wash', 5);
  grpc('POST /zoo.Keeper/Guess', 12);
  expect(take()).toEqual([
    'zoo operation POST /zoo.Keeper/Feed 1',
    'zoo operation POST /zoo.Keeper/Wash 1',
    'zoo probes   1',
  ]);
});

test('counts follow what turns out to be one operation, and control hears of what it knows already', () => {
  const { book, see } = setUp();
  const segments = ['a123', 'b123', 'c123'];
  see(`GET /zoo/${segments[0]}/food`);
  see(`GET /zoo/${segments[1]}/food`);
  expect(book.take().usages).toHaveLength(2);
  see(`GET /zoo/${segments[1]}/food`);
  see(`GET /zoo/${segments[2]}/food`);
  const { moves, usages } = book.take();
  expect(moves.map(({ from, to }) => [from.template, to.template])).toEqual([
    ['/zoo/a123/food', '/zoo/{zooId}/food'],
    ['/zoo/b123/food', '/zoo/{zooId}/food'],
  ]);
  expect(usages).toMatchObject([{ template: '/zoo/{zooId}/food', calls: 2 }]);
});

test('what guards have read of bodies tells operations apart', () => {
  const { see, take } = setUp();
  for (const word of 'ant bee cat dog eel fox gnu hen'.split(' ')) see(`GET /zoo/${word}`, { shape: 7 });
  see('GET /zoo/map', { shape: 8 });
  for (const operationName of ['getAnt', 'getBee']) see('POST /graphql', { operationName });
  expect(take()).toEqual([
    'zoo operation GET /zoo/{zooId} 8',
    'zoo operation GET /zoo/map 1',
    'zoo operation POST /graphql 1',
    'zoo operation POST /graphql 1',
  ]);
});

test('names that there is no room for are one operation, and no probes', () => {
  const { book, see } = setUp();
  for (let i = 0; i < 100; i++) see('POST /graphql', { operationName: `n${i}` });
  const usages = book.take().usages;
  expect(usages.map(({ kind }) => kind)).not.toContain('probes');
  expect(usages.find(({ name }) => name === '')).toMatchObject({ template: '/graphql', calls: 36 });
});

test('policies say what paths there are', () => {
  const { book, see, take } = setUp();
  see('GET /zoo/ant');
  see('GET /zoo/bee');
  take();
  book.changePolicies([policy], []);
  see('GET /zoo/cat 404');
  expect(book.take()).toMatchObject({
    moves: [
      { from: { template: '/zoo/ant' }, to: { template: '/zoo/{animal}' } },
      { from: { template: '/zoo/bee' }, to: { template: '/zoo/{animal}' } },
    ],
    usages: [{ template: '/zoo/{animal}', calls: 1, statuses: [0, 0, 0, 0, 1, 0] }],
  });
  expect(book.at(zoo, '').learner.resolve('POST', '/zoo.Keeper/Feed')).not.toBeNull();
  book.changePolicies([], ['shop/zoo']);
  see('GET /zoo/dog');
  expect(book.take().moves).toMatchObject([{ to: { template: '/zoo/{zooId}' } }]);
});

test('policies of other services, ports and namespaces, and those that are off, say nothing', () => {
  const { book } = setUp();
  book.changePolicies(
    [
      { ...policy, name: 'a', target: { services: ['other'] } },
      { ...policy, name: 'b', target: { ports: [81] } },
      { ...policy, name: 'c', mode: 'Off' },
      { ...policy, namespace: 'ci' },
    ],
    [],
  );
  expect(book.at(zoo, '').learner.operations()).toEqual([]);
});

test('hosts have only so much room, and take none of the services', () => {
  const { book, see, take } = setUp(100);
  see('GET /zoo/7');
  take();
  for (let i = 0; i < 500; i++) see('GET /', { host: `h${i}.example` }, outside);
  expect(book.take()).toMatchObject({ forgotten: expect.any(Number) });
  see('GET /', { host: 'h499.example' }, outside);
  see('GET /zoo/8');
  expect(take()).toEqual(['zoo operation GET /zoo/{zooId} 1', 'h499.example operation GET / 1']);
  expect(book.at(outside, 'h0.example').learner.operations()).toEqual([]);
  expect(book.at(outside, 'h499.example').learner.operations()).toHaveLength(1);
});

test('the path of an exchange is told by what is known of it', () => {
  const { book, see } = setUp();
  see('GET /cages/17');
  see('GET /cages/18');
  const told = (differs: Partial<Exchange>) => {
    const exchange = new Exchange();
    exchange.begin('http1', 0);
    return book.templateOf(Object.assign(exchange, { method: 'DELETE', ...differs }), zoo);
  };
  expect(told({ path: '/cages/19' })).toBe('/cages/{cageId}');
  expect(told({ path: '/staff/alice' })).toBe('/**');
  expect(told({ path: '/cages/%2e%2e/x' })).toBe('');
  expect(told({ method: 'CONNECT', path: 'db:5432' })).toBe('');
  expect(told({ protocol: 'tls', path: '' })).toBe('');
});
