import {
  DEFAULT_GUARDS,
  type Decision,
  type GuardAction,
  GuardProfiles,
  type GuardSettings,
} from '@eastwall/policy';
import { expect, test } from 'vitest';
import { aGuardIds } from '../../testing/guards.ts';
import { aRequestView } from '../../testing/request-view.ts';
import { aWorkload } from '../../testing/workloads.ts';
import { Exchange } from '../exchange/exchange.ts';
import type { Refusal, ResponseView, Watch } from '../exchange/watch.ts';
import { utf8 } from '../kernel/bytes.ts';
import { Guards } from './guards.ts';
import { LimitGuard } from './limits.ts';
import { OperationBook } from './operation-book.ts';

const ALLOWED: Decision = { verdict: 'allow', reason: 'ungoverned', policy: null, rule: null };
const HOUR = 3_600_000;
const destination = {
  key: 'k',
  ip: '10.0.0.1',
  port: 80,
  services: [{ namespace: 'shop', service: 'orders', port: 80 }],
};

const requestTo = (method: string, path: string, contentType = '') =>
  aRequestView({ method, path, contentType });

const answer = (status: number, location = ''): ResponseView => ({
  status,
  contentType: () => 'application/json',
  contentEncoding: () => '',
  location: () => location,
  deprecation: () => '',
  sunset: () => '',
});

/** A frontend that lists orders and gets some, and whoever has taken it over. */
class Shop {
  readonly guards: Guards;
  now = 1_000;
  readonly #watch: Watch;
  readonly #ended = new Exchange();

  constructor(action: GuardAction = 'Log', enumeration: Partial<GuardSettings['enumeration']> = {}) {
    const operations = new OperationBook({ now: () => this.now, maxOperations: 100 });
    this.guards = new Guards({
      node: 'n',
      clock: { now: () => this.now, monotonic: () => this.now },
      idPrefix: 'x',
      drift: { afterConnections: 50, afterMs: HOUR },
      maxOpenFindings: 100,
      findingQuietMs: HOUR,
      fingerprint: (secret) => secret,
      shared: false,
      operations,
      ids: aGuardIds(() => this.now),
      limits: new LimitGuard({ maxBuckets: 100, random: () => 0, wake: () => {} }),
      quarantine: () => {},
      verifyToken: () => {},
    });
    const detections = [{ id: 'object-enumeration', action }] as const;
    const profile = { name: 'p', generation: 1, detections, enumeration };
    this.guards.replaceProfiles(GuardProfiles.empty().with({ upsert: [profile] }));
    const { learner } = operations.at(destination, 'orders.shop');
    for (const [method, path] of [
      ['GET', '/orders'],
      ['GET', '/orders/17'],
      ['POST', '/orders'],
      ['POST', '/refunds'],
      ['PUT', '/orders/17'],
    ] as const)
      learner.observe({ method, path, status: 200, shape: 0, now: 0 });
    const scope = { expectation: () => null };
    this.#watch = this.guards.watcher({ caller: aWorkload(), destination, scope }).watch();
  }

  list(ids: readonly number[]): void {
    this.#watch.request(requestTo('GET', '/orders'), ALLOWED, this.now);
    this.#answer(200, JSON.stringify({ items: ids.map((id) => ({ id })) }));
  }

  get(id: number, status = 200): Refusal | null {
    const refusal = this.#watch.request(requestTo('GET', `/orders/${id}`), ALLOWED, this.now);
    if (refusal === null) this.#answer(status, JSON.stringify({ id, total: 5 }));
    else this.#end();
    return refusal;
  }

  /** The body names an order, too. */
  put(id: number, named = id): void {
    this.#watch.request(requestTo('PUT', `/orders/${id}`, 'application/json'), ALLOWED, this.now);
    const body = utf8(JSON.stringify({ orderId: named }));
    this.#watch.requestBody(body, 0, body.length);
    this.#watch.requestBodyEnd(true, this.now);
    this.#answer(200, '{}');
  }

  create(id: number): void {
    this.#watch.request(requestTo('POST', '/orders', ''), ALLOWED, this.now);
    expect(this.#watch.response(answer(201, `/orders/${id}`), this.now)).toBe('stream');
    this.#end();
  }

  refund(order: number): { reading: Watch['requestReading']; refusal: Refusal | null } {
    this.#watch.request(requestTo('POST', '/refunds', 'application/json'), ALLOWED, this.now);
    const reading = this.#watch.requestReading;
    const body = utf8(JSON.stringify({ orderId: order }));
    this.#watch.requestBody(body, 0, body.length);
    const refusal = this.#watch.requestBodyEnd(true, this.now);
    if (refusal === null) this.#answer(200, '{}');
    else this.#end();
    return { reading, refusal };
  }

  /** Days of listing and getting. */
  learn(days = 2): void {
    this.list([1]);
    for (let i = 0; i < days * 200; i++) {
      this.now += 24 * (HOUR / 200);
      const ids = Array.from({ length: 5 }, (_, n) => 100_000 + 10 * i + n);
      this.list(ids);
      for (const id of ids) this.get(id);
      for (const id of ids.slice(0, 2)) this.refund(id);
    }
  }

  findings() {
    return this.guards.takeFindings().findings;
  }

  #answer(status: number, body: string): void {
    if (this.#watch.response(answer(status), this.now) === 'stream') {
      const bytes = utf8(body);
      this.#watch.responseBody(bytes, 0, bytes.length);
    }
    this.#end();
  }

  #end(): void {
    this.#watch.end(this.#ended, this.now);
  }
}

test('who lists and gets, creates and gets, is never a finding', () => {
  const shop = new Shop();
  shop.learn();
  for (let id = 900_000; id < 900_020; id++) {
    shop.create(id);
    expect(shop.get(id)).toBeNull();
  }
  expect(shop.findings()).toEqual([]);
});

test('who walks through ids is a finding that names the operation and no id', () => {
  const shop = new Shop();
  shop.learn();
  let ids = 0;
  for (let found = 0; found === 0 && ids < 50; found = shop.guards.findings.size) shop.get(5_551_000 + ids++);
  expect(ids).toBeLessThanOrEqual(10);
  const [finding] = shop.findings();
  expect(finding).toMatchObject({
    detection: 'object-enumeration',
    destination: 'shop/orders:80',
    action: 'log',
    evidence: { signals: 'provenance' },
    sequence: { unit: 'ids' },
  });
  // The last bar is the walk.
  expect(finding?.sequence?.marked.at(-1)).toBe(ids);
  expect(finding?.operation).toBe('GET /orders/{orderId}');
  expect(JSON.stringify(finding)).not.toContain('5551');
});

test('a walk in bodies is seen as well, and held back only where it may be refused', () => {
  const shop = new Shop();
  shop.learn();
  expect(shop.refund(5_551_000).reading).toBe('stream');
  for (let ids = 1; ids < 20; ids++) shop.refund(5_551_000 + ids);
  expect(shop.findings()).toMatchObject([{ detection: 'object-enumeration', operation: 'POST /refunds' }]);

  const strict = new Shop('Throttle');
  strict.learn();
  const refused = Array.from({ length: 40 }, (_, i) => strict.refund(5_551_000 + i));
  expect(refused[0]?.reading).toBe('whole');
  expect(refused.at(-1)?.refusal).toMatchObject({ status: 429 });
});

test('a throttled walk leaves alone what was shown', () => {
  const shop = new Shop('Block', { warmupSeconds: 7 * 24 * 3_600 });
  shop.learn();
  const refusals = Array.from({ length: 40 }, (_, i) => shop.get(5_551_000 + i));
  expect(refusals.at(-1)).toMatchObject({ status: 429, decision: { reason: 'throttled_by_guard' } });
  shop.list([77]);
  expect(shop.get(77)).toBeNull();
});

test('two signals are a block, once the caller is known', () => {
  const shop = new Shop('Block', { warmupSeconds: 24 * 3_600 });
  shop.learn();
  const refusals = Array.from({ length: 60 }, (_, i) => shop.get(5_551_000 + i, 404));
  expect(refusals.at(-1)).toMatchObject({
    status: 403,
    decision: { reason: 'blocked_by_guard', rule: 'object-enumeration' },
  });
});

test('what failed shows nothing', () => {
  const shop = new Shop();
  shop.learn();
  for (let id = 5_551_000; id < 5_551_030; id++) {
    shop.get(id, 404);
    shop.get(id, 404);
  }
  expect(shop.findings()).toHaveLength(1);
});

test('where nothing is to be done nothing is', () => {
  const shop = new Shop('Off');
  shop.learn();
  for (let id = 5_551_000; id < 5_551_050; id++) expect(shop.get(id)).toBeNull();
  expect(shop.findings()).toEqual([]);
});

test('a rule says more about its operation than a profile', () => {
  const shop = new Shop('Off');
  expect(DEFAULT_GUARDS.actions['object-enumeration']).toBe('Log');
  shop.learn();
  const watch = shop.guards
    .watcher({ caller: aWorkload(), destination, scope: { expectation: () => null } })
    .watch();
  const decision: Decision = { ...ALLOWED, enumeration: { action: 'Throttle' } };
  const refusals = Array.from({ length: 40 }, (_, i) =>
    watch.request(requestTo('GET', `/orders/${5_551_000 + i}`), decision, shop.now),
  );
  expect(refusals.at(-1)).toMatchObject({ status: 429 });
});

test('a request that names two orders as one is a finding, where requests do not usually', () => {
  const shop = new Shop('Off');
  for (let id = 1; id <= 60; id++) shop.put(id);
  expect(shop.findings()).toEqual([]);
  shop.put(7, 8);
  expect(shop.findings()).toMatchObject([{ detection: 'parameter-pollution', count: 1 }]);
});
