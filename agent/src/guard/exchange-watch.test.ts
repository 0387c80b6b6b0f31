import {
  type Decision,
  type GuardAction,
  GuardProfiles,
  type Limit,
  type Mode,
  PolicySet,
} from '@eastwall/policy';
import { expect, test } from 'vitest';
import { aGuardIds } from '../../testing/guards.ts';
import { aRequestView } from '../../testing/request-view.ts';
import { aToken } from '../../testing/tokens.ts';
import { aWorkload } from '../../testing/workloads.ts';
import { Exchange } from '../exchange/exchange.ts';
import { Guards } from './guards.ts';
import { LimitGuard } from './limits.ts';
import { OperationBook } from './operation-book.ts';

const ALLOWED: Decision = { verdict: 'allow', reason: 'ungoverned', policy: null, rule: null };
const orders = {
  key: 'k',
  ip: '10.0.0.1',
  port: 80,
  services: [{ namespace: 'shop', service: 'orders', port: 80 }],
};

function setUp(actions: Record<string, GuardAction> = {}, fingerprint = (secret: string) => `#${secret}`) {
  const quarantined: string[] = [];
  const guards = new Guards({
    node: 'n',
    clock: { now: () => 1_000, monotonic: () => 0 },
    idPrefix: 'x',
    drift: { afterConnections: 50, afterMs: 600_000 },
    maxOpenFindings: 100,
    findingQuietMs: 1_000,
    fingerprint,
    shared: false,
    operations: new OperationBook({ now: () => 1_000, maxOperations: 100 }),
    ids: aGuardIds(),
    limits: new LimitGuard({ maxBuckets: 100, random: () => 0, wake: () => {} }),
    quarantine: (uid) => quarantined.push(uid),
    verifyToken: () => {},
  });
  const detections = Object.entries(actions).map(([id, action]) => ({ id: id as 'foreign-token', action }));
  guards.replaceProfiles(GuardProfiles.empty().with({ upsert: [{ name: 'p', generation: 1, detections }] }));
  const watch = (caller = aWorkload(), destination: typeof orders = orders) =>
    guards.watcher({ caller, destination, scope: { expectation: () => null } }).watch();
  const found = () => guards.takeFindings().findings.map(({ detection, count }) => [detection, count]);
  return { guards, watch, found, quarantined };
}

const copied = `Bearer ${aToken({ sub: 'system:serviceaccount:pay:ledger' })}`;

test('an ordinary request passes and shows nothing', () => {
  const { watch, found } = setUp();
  expect(watch().request(aRequestView(), ALLOWED, 0)).toBeNull();
  expect(found()).toEqual([]);
});

test('a copied token is reported for each request, and refused where the profile says so', () => {
  const { watch, found } = setUp();
  const watching = watch();
  for (let i = 0; i < 3; i++)
    expect(watching.request(aRequestView({ authorization: copied }), ALLOWED, i)).toBeNull();
  expect(found()).toEqual([['foreign-token', 3]]);

  const strict = setUp({ 'foreign-token': 'Block' });
  expect(strict.watch().request(aRequestView({ authorization: copied }), ALLOWED, 0)).toMatchObject({
    status: 403,
    decision: { reason: 'blocked_by_guard', rule: 'foreign-token' },
  });
});

test('a shared key is hashed once per connection, and again when somebody else uses it', () => {
  const hashed: string[] = [];
  const { guards, watch } = setUp({}, (secret) => {
    hashed.push(secret);
    return `#${secret}`;
  });
  const ask = (watching: ReturnType<typeof watch>) =>
    watching.request(aRequestView({ apiKey: 'k' }), ALLOWED, 0);
  const findings = () =>
    guards.takeFindings().findings.map(({ count, evidence }) => [count, evidence['workloads']]);
  ask(watch(aWorkload({ name: 'cart' })));
  const watching = watch();
  for (let i = 0; i < 3; i++) ask(watching);
  expect(hashed).toHaveLength(2);
  expect(findings()).toEqual([[3, 2]]);
  ask(watch(aWorkload({ name: 'search' })));
  ask(watching);
  expect(hashed).toHaveLength(4);
  guards.credentials.hear({ fingerprint: '#k', workload: 'shop/elsewhere' });
  ask(watching);
  expect(findings()).toContainEqual([5, 4]);
});

test('a finding about an administrative endpoint names its template, never the path', () => {
  const { guards, watch } = setUp();
  watch().request(aRequestView({ path: '/actuator/env/secret-name' }), ALLOWED, 0);
  const { findings } = guards.takeFindings();
  expect(findings).toMatchObject([{ detection: 'admin-endpoint', evidence: { endpoint: '/actuator/**' } }]);
  expect(JSON.stringify(findings)).not.toContain('secret-name');
});

test('the metadata service and quarantine', () => {
  const { watch, found, quarantined } = setUp({ 'metadata-access': 'Quarantine' });
  const metadata = { ...orders, ip: '169.254.169.254', services: [] };
  expect(watch(aWorkload(), metadata).request(aRequestView(), ALLOWED, 0)).toMatchObject({ status: 403 });
  expect(quarantined).toEqual([aWorkload().uid]);
  expect(found()).toEqual([['metadata-access', 1]]);
});

const limited = (limits: readonly Limit[], mode: Mode = 'Enforce'): Decision => {
  const rules = [{ name: 'read', action: 'Allow' as const, limits }];
  const policy = { namespace: 'shop', name: 'orders', generation: 1, mode, target: {}, rules };
  return PolicySet.empty()
    .with({ upsert: [policy] })
    .scope(aWorkload(), orders)
    .evaluate('GET', '/', '');
};

test('a request beyond its limit is answered with 429, after all that other guards say', () => {
  const { watch } = setUp({ 'foreign-token': 'Block' });
  const decision = limited([{ key: 'Pod', rate: '3/s', concurrency: 2 }]);
  const [a, b, c] = [watch(), watch(), watch()];
  expect(a.request(aRequestView({ authorization: copied }), decision, 0)).toMatchObject({ status: 403 });
  expect(a.request(aRequestView(), decision, 0)).toBeNull();
  expect(b.request(aRequestView(), decision, 0)).toBeNull();
  expect(c.request(aRequestView(), decision, 0)).toMatchObject({
    status: 429,
    decision: { reason: 'concurrency_limited', rule: 'read' },
  });
  const exchange = new Exchange();
  for (const one of [a, b, c]) one.end(exchange, 0);
  expect(c.request(aRequestView(), decision, 0)).toBeNull();
  expect(a.request(aRequestView(), decision, 0)).toMatchObject({
    status: 429,
    retryAfterSeconds: 1,
    headers: [
      ['ratelimit-policy', '"read";q=3;w=1'],
      ['ratelimit', '"read";r=0;t=1'],
    ],
  });
});

test('connections that nobody reads count too, and so do limits that only report', () => {
  const { watch } = setUp();
  const decision = limited([{ key: 'Pod', concurrency: 1 }], 'Audit');
  const [a, b] = [watch(), watch()];
  expect(a.unread(decision, 0)).toBeNull();
  expect(b.unread(decision, 0)).toMatchObject({ verdict: 'would-deny', reason: 'concurrency_limited' });
  expect(b.request(aRequestView(), decision, 0)).toMatchObject({ decision: { verdict: 'would-deny' } });
});

test('a finding names the operation once it is known, and never the path, which holds ids', () => {
  const { guards, watch } = setUp();
  const request = aRequestView({ path: '/orders/4711', authorization: copied });
  watch().request(request, ALLOWED, 0);
  const { learner } = guards.operations.at(orders, '');
  const operation = learner.observe({ method: 'GET', path: '/orders/1', status: 200, shape: 0, now: 0 });
  const watching = watch();
  watching.request(request, ALLOWED, 0);
  const exchange = new Exchange();
  watching.end(exchange, 0);
  expect(guards.takeFindings().findings.map((finding) => finding.operation)).toEqual([
    '',
    'GET /orders/{orderId}',
  ]);
  expect(exchange.operation).toBe(operation);
});

test('what a body said is told of its own exchange only', () => {
  const { watch } = setUp();
  const watching = watch();
  const exchange = new Exchange();
  const body = new TextEncoder().encode('{"id": 1, "total": 2}');
  watching.request(aRequestView(), ALLOWED, 0);
  watching.response(
    {
      status: 200,
      contentType: () => 'application/json',
      contentEncoding: () => '',
      location: () => '',
      deprecation: () => '',
      sunset: () => '',
    },
    0,
  );
  watching.responseBody(body, 0, body.length);
  watching.end(exchange, 0);
  expect(exchange.shape).not.toBe(0);
  // Reported, and passed on without a word from the others.
  watching.request(aRequestView({ authorization: copied }), ALLOWED, 0);
  watching.end(exchange, 0);
  expect(exchange.shape).toBe(0);
});

const metadata = { key: 'm', ip: '169.254.169.254', port: 80, services: [] };

test('the metadata service is told of whatever is spoken to it, once per connection that asks nothing', () => {
  const { guards, found } = setUp();
  const to = () =>
    guards.watcher({ caller: aWorkload(), destination: metadata, scope: { expectation: () => null } });
  const unreached = to();
  unreached.unspoken('upstream_unreachable', 1);
  expect(found()).toEqual([['metadata-access', 1]]);
  const opaque = to();
  expect(opaque.watch().unread(ALLOWED, 2)).toBeNull();
  expect(found()).toEqual([['metadata-access', 2]]);
  const http = to();
  http.watch().request(aRequestView(), ALLOWED, 4);
  // What a policy refuses is no news.
  to().unspoken('denied', 6);
  // Of a destination that the request names.
  expect(found()).toEqual([['metadata-access', 1]]);
});

test('bytes that nobody reads are refused there, too, where the profile says so', () => {
  const { guards } = setUp({ 'metadata-access': 'Block' });
  const watcher = guards.watcher({
    caller: aWorkload(),
    destination: metadata,
    scope: { expectation: () => null },
  });
  expect(watcher.watch().unread(ALLOWED, 0)).toMatchObject({ verdict: 'deny', reason: 'blocked_by_guard' });
});
