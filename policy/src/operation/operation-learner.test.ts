import { expect, test } from 'vitest';
import { parseTemplate, type Template } from '../path/template.ts';
import { type Observation, OperationLearner, type OperationLimits } from './operation-learner.ts';

const SHAPE = { order: 1, list: 2, user: 3, ack: 4 } as const;

/** `GET /path` or `GET /path 404`, and what else there is to say. */
function seen(text: string, more: Partial<Observation> = {}): Observation {
  const [method = '', path = '', status = '200'] = text.split(' ');
  return { method, path, status: Number(status), shape: 0, now: 0, ...more };
}

function learn(
  observations: readonly Observation[],
  limits: Partial<OperationLimits> = {},
): OperationLearner {
  const learner = new OperationLearner(limits);
  for (const observation of observations) learner.observe(observation);
  return learner;
}

const labels = (learner: OperationLearner) =>
  learner
    .operations()
    .map(({ method, template }) => `${method} ${template}`)
    .sort();

function template(source: string): Template {
  const parsed = parseTemplate(source);
  if (!parsed.ok) throw new Error(parsed.error.message);
  return parsed.value;
}

const WORDS = 'ant bee cat dog eel fox gnu hen imp jay kea'.split(' ');

test('a segment that is an id by its form is a parameter at first sight', () => {
  const learner = learn([
    seen('GET /'),
    seen('GET /v1/orders'),
    seen('GET /v1/orders/17'),
    seen('GET /v1/orders/18'),
    seen('DELETE /v1/orders/18 204'),
    seen('GET /v1/orders/18/items/3f2504e0-4f89-41d3-9a0c-0305e82c3301'),
  ]);
  expect(labels(learner)).toEqual([
    'DELETE /v1/orders/{orderId}',
    'GET /',
    'GET /v1/orders',
    'GET /v1/orders/{orderId}',
    'GET /v1/orders/{orderId}/items/{itemId}',
  ]);
  expect(learner.resolve('GET', '/v1/orders/99/items/507f1f77bcf86cd799439011')?.parameters).toEqual([
    { index: 2, name: 'orderId', type: 'int' },
    { index: 4, name: 'itemId', type: 'uuid' },
  ]);
  expect(learner.resolve('POST', '/v1/orders/99')).toBeNull();
  expect(learner.resolve('GET', '/v1/orders/99/')).toBeNull();
});

test('names beat parameters, and stay beside them', () => {
  const learner = learn([seen('GET /users/1'), seen('GET /users/me'), seen('GET /users/1/orders')]);
  expect(learner.resolve('GET', '/users/me')?.template).toBe('/users/me');
  expect(learner.resolve('GET', '/users/2')?.template).toBe('/users/{userId}');
  expect(learner.resolve('GET', '/users/alice')).toBeNull();
});

test('words that answer in one shape are values, from the eighth on', () => {
  const words = WORDS.slice(0, 8).map((word) => seen(`GET /zoo/${word}`, { shape: SHAPE.order }));
  const learner = learn([...words.slice(0, 7), seen('GET /zoo/map', { shape: SHAPE.list })]);
  expect(labels(learner)).toHaveLength(8);
  const generation = learner.generation;
  expect(learner.observe(words[7] as Observation)).toMatchObject({ template: '/zoo/{zooId}', seen: 8 });
  expect(learner.generation).toBeGreaterThan(generation);
  expect(labels(learner)).toEqual(['GET /zoo/map', 'GET /zoo/{zooId}']);
  expect(learner.resolve('GET', '/zoo/yak')?.template).toBe('/zoo/{zooId}');
});

test('an operation that was merged says into which, and keeps its last template', () => {
  const learner = new OperationLearner();
  const [first, ...others] = WORDS.slice(0, 8).map((word) =>
    learner.observe(seen(`GET /zoo/${word}/food`, { shape: SHAPE.order })),
  );
  const survivor = learner.resolve('GET', '/zoo/new/food');
  expect(survivor).toBe(first);
  expect(survivor).toMatchObject({ template: '/zoo/{zooId}/food', seen: 8, mergedInto: null });
  expect(others[0]).toMatchObject({ template: '/zoo/bee/food', mergedInto: survivor });
  expect(new Set(others.slice(0, -1).map((operation) => operation?.mergedInto))).toEqual(new Set([survivor]));
});

test('words that answer in shapes of their own stay names, whatever else they have in common', () => {
  const observations = WORDS.flatMap((word, i) => [
    seen(`GET /${word}/7`, { shape: 100 + i }),
    seen(`DELETE /${word}/7`, { shape: SHAPE.ack }),
    seen(`GET /${word}/7/history`, { shape: SHAPE.list }),
  ]);
  expect(labels(learn(observations))).toHaveLength(3 * WORDS.length);
});

test('commands answer alike, and empty answers are alike: neither makes names values', () => {
  const learner = learn(
    WORDS.flatMap((word) => [
      seen(`POST /rpc/${word}`, { shape: SHAPE.ack }),
      seen(`DELETE /things/${word} 204`),
      seen(`GET /cached/${word} 304`),
    ]),
  );
  expect(labels(learner)).toHaveLength(3 * WORDS.length);
});

test('a place that takes words keeps a name that answers in another shape', () => {
  const learner = learn(WORDS.map((word) => seen(`GET /users/${word}`, { shape: SHAPE.user })));
  learner.observe(seen('GET /users/newest', { shape: SHAPE.list }));
  learner.observe(seen('GET /users/me', { shape: SHAPE.user }));
  expect(labels(learner)).toEqual(['GET /users/me', 'GET /users/newest', 'GET /users/{userId}']);
});

test('without shapes it takes four times as many, and a name that is called far more often stays', () => {
  const word = (i: number) => `${WORDS[i % 10]}${WORDS[Math.floor(i / 10)]}`;
  const learner = new OperationLearner();
  for (let i = 0; i < 500; i++) learner.observe(seen('GET /login'));
  for (let i = 0; i < 30; i++) learner.observe(seen(`GET /${word(i)}`));
  expect(labels(learner)).toHaveLength(31);
  learner.observe(seen(`GET /${word(30)}`));
  expect(labels(learner)).toEqual(['GET /login', 'GET /{id}']);
});

test('what the same things are called below is alike without shapes: namespaces, tenants', () => {
  const learner = learn(
    WORDS.slice(0, 8).flatMap((word) =>
      ['pods', 'services', 'secrets'].map((kind) => seen(`GET /namespaces/${word}/${kind}`)),
    ),
  );
  expect(labels(learner)).toEqual([
    'GET /namespaces/{namespaceId}/pods',
    'GET /namespaces/{namespaceId}/secrets',
    'GET /namespaces/{namespaceId}/services',
  ]);
});

test('three segments that are likely ids are enough', () => {
  const learner = learn([
    seen('GET /pods/web-6d4cf-x7k2'),
    seen('GET /pods/web-6d4cf-9zl3'),
    seen('GET /pods'),
  ]);
  expect(labels(learner)).toHaveLength(3);
  learner.observe(seen('GET /pods/api-83hd8-l1m2'));
  expect(labels(learner)).toEqual(['GET /pods', 'GET /pods/{podId}']);
  expect(learner.resolve('GET', '/pods/db-4jd93-s8s7')?.template).toBe('/pods/{podId}');
  expect(learner.resolve('GET', '/pods/summary')).toBeNull();
});

test('a parameter below one whose name was only an id is named after nothing', () => {
  const learner = learn(
    WORDS.slice(0, 8).flatMap((word) =>
      [1, 2].map((id) => seen(`GET /${word}/${id}`, { shape: SHAPE.order })),
    ),
  );
  expect(labels(learner)).toEqual(['GET /{id}/{id2}']);
});

test('what a request was for when it began is taken for granted, unless it is gone', () => {
  const learner = new OperationLearner({ operations: 2 });
  const first = learner.observe(seen('GET /a'));
  expect(learner.observe(seen('GET /a'), first)).toMatchObject({ id: first?.id, seen: 2 });
  expect(learner.observe(seen('GET /a', { name: 'x' }), first)).toMatchObject({ name: 'x', seen: 1 });
  learner.observe(seen('GET /b', { now: 1 }));
  learner.observe(seen('GET /c', { now: 2 }));
  learner.observe(seen('GET /d', { now: 3 }));
  expect(first?.evicted).toBe(true);
  expect(learner.observe(seen('GET /a'), first)).toMatchObject({ seen: 1, evicted: false });
});

test.each([400, 401, 403, 404, 405, 410, 429, 500, 502, 0])('%i shows no operation', (status) => {
  const learner = learn([seen(`GET /admin ${status}`)]);
  expect(learner.counts).toEqual({ operations: 0, nodes: 0, evicted: 0, refused: 0 });
});

test.each([101, 200, 201, 302, 304, 409, 422])('%i shows one', (status) => {
  expect(learn([seen(`GET /admin ${status}`)]).counts.operations).toBe(1);
});

test('gRPC methods stand for themselves, whatever they are called and whatever else was learnt', () => {
  const learner = learn(
    WORDS.flatMap((a) => WORDS.map((b) => seen(`POST /${a}/${b}`, { shape: SHAPE.ack, fixed: true }))),
  );
  for (let i = 0; i < 40; i++) learner.observe(seen(`GET /${WORDS[i % 11]}${i}`));
  learner.observe(seen('POST /17/18', { fixed: true }));
  expect(learner.resolve('POST', '/ant/bee')?.template).toBe('/ant/bee');
  expect(learner.resolve('POST', '/17/18')?.template).toBe('/17/18');
});

test('one path may have many operations by name', () => {
  const learner = learn(['orders', 'users'].map((name) => seen('POST /graphql', { name, shape: SHAPE.ack })));
  expect(learner.resolve('POST', '/graphql', 'orders')).toMatchObject({ name: 'orders', seen: 1 });
  expect(learner.resolve('POST', '/graphql')).toBeNull();
});

test('names leave room for an operation without one', () => {
  const learner = new OperationLearner({ perPath: 4 });
  for (let i = 0; i < 9; i++) learner.observe(seen('POST /graphql', { name: `n${i}` }));
  expect(learner.counts).toMatchObject({ operations: 2, refused: 7 });
  expect(learner.observe(seen('POST /graphql'))).toMatchObject({ name: '', seen: 1 });
});

test('pins are known before anything is seen, win over what was learnt, and survive', () => {
  const learner = learn([seen('GET /mesh/default'), seen('GET /mesh/other/policies')]);
  expect(learner.pin(template('/mesh/{mesh}'), ['GET', 'PUT'])).toBe(true);
  expect(learner.pin(template('/mesh/{mesh}/policies/{policy:int}'), null)).toBe(true);
  expect(learner.pin(template('/mesh/insights'), ['GET'])).toBe(true);
  expect(labels(learner)).toEqual([
    'GET /mesh/insights',
    'GET /mesh/{mesh}',
    'GET /mesh/{mesh}/policies',
    'PUT /mesh/{mesh}',
  ]);
  for (const word of WORDS) learner.observe(seen(`GET /mesh/${word}`, { shape: word.length }));
  learner.observe(seen('GET /mesh/me/policies/4'));
  expect(labels(learner)).toContain('GET /mesh/insights');
  expect(learner.resolve('GET', '/mesh/a/policies/5')?.template).toBe('/mesh/{mesh}/policies/{policy}');
  expect(learner.operations()).toHaveLength(5);
  learner.clearPins();
  expect(labels(learner)).toEqual([
    'GET /mesh/{meshId}',
    'GET /mesh/{meshId}/policies',
    'GET /mesh/{meshId}/policies/{policyId}',
  ]);
});

test('an open template pins how paths begin, not what they are', () => {
  const learner = new OperationLearner();
  learner.pin(template('/tenants/{tenant}/**'), ['GET']);
  learner.observe(seen('GET /tenants/acme/orders/1'));
  expect(labels(learner)).toEqual(['GET /tenants/{tenant}/orders/{orderId}']);
});

test('there is only so much room: what was seen least and longest ago goes, pins stay', () => {
  const learner = new OperationLearner({ operations: 16 });
  learner.pin(template('/pinned'), ['GET']);
  for (let now = 0; now < 3; now++) learner.observe(seen('GET /often', { now }));
  const first = learner.observe(seen('GET /first'));
  for (let i = 0; i < 200; i++) learner.observe(seen('POST /rpc/x', { name: `n${i % 40}`, now: 10 + i }));
  expect(learner.counts.operations).toBeLessThanOrEqual(16);
  expect(learner.counts.evicted).toBeGreaterThan(0);
  expect(first?.evicted).toBe(true);
  expect(learner.resolve('GET', '/often')).toMatchObject({ seen: 3 });
  expect(learner.resolve('GET', '/pinned')).not.toBeNull();
  expect(learner.resolve('GET', '/first')).toBeNull();
});

test('what does not fit is refused and counted', () => {
  const learner = new OperationLearner({ perPath: 2, segments: 3 });
  for (const method of ['GET', 'PUT', 'BREW']) learner.observe(seen(`${method} /pot`));
  learner.observe(seen('GET /a/b/c/d'));
  learner.observe(seen('OPTIONS *'));
  learner.observe(seen(`${'M'.repeat(129)} /pan`));
  expect(learner.counts).toEqual({ operations: 2, nodes: 1, evicted: 0, refused: 3 });
});

test('a path is told by its template as far as it is known, whatever the method, and never by its values', () => {
  const learner = learn([seen('GET /v1/orders/17/items'), seen('GET /v1/orders/18/items'), seen('GET /')]);
  expect(
    [
      '/v1/orders/19/items',
      '/v1/orders/19',
      '/v1/orders/19/secret/deep',
      '/v1/orders/alice',
      '/x',
      '/',
      '/v1/',
    ].map((path) => learner.templateOf(path)),
  ).toEqual([
    '/v1/orders/{orderId}/items',
    '/v1/orders/{orderId}',
    '/v1/orders/{orderId}/**',
    '/v1/orders/**',
    '/**',
    '/',
    '/v1/**',
  ]);
});
