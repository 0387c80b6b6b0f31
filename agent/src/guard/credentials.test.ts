import { expect, test } from 'vitest';
import { aToken } from '../../testing/tokens.ts';
import { aWorkload } from '../../testing/workloads.ts';
import { Credentials } from './credentials.ts';

const credentials = (maxCredentials = 3) =>
  new Credentials({ fingerprint: (secret) => `#${secret}`, maxCredentials, shared: true });
const orders = aWorkload({ name: 'orders', serviceAccount: 'orders', uid: 'u-1' });
const tokenOf = (account: string, uid?: string) =>
  `Bearer ${aToken({
    sub: `system:serviceaccount:${account}`,
    ...(uid !== undefined && { 'kubernetes.io': { pod: { uid } } }),
  })}`;

test('a workload may use its own token', () => {
  for (const token of [tokenOf('shop:orders'), tokenOf('shop:orders', 'u-1')])
    expect(credentials().check(orders, token, '')).toBeNull();
});

test.each([
  ['of another service account', tokenOf('shop:billing')],
  ['of the same name elsewhere', tokenOf('pay:orders')],
  ['bound to another pod of the same service account', tokenOf('shop:orders', 'u-2')],
])('a token %s has been copied', (_, token) => {
  expect(credentials().check(orders, token, '')).toMatchObject({ detection: 'foreign-token' });
});

test('nobody knows whose token an unknown caller may use', () => {
  expect(credentials().check(aWorkload({ uid: '', serviceAccount: '' }), tokenOf('a:b'), '')).toBeNull();
});

test.each([
  ['Basic b3BlbjpzZXNhbWU=', '', 'Basic credential'],
  ['Bearer opaque-token', '', 'token'],
  ['', 'key-1', 'API key'],
])('one credential in the hands of two workloads: %s%s', (authorization, apiKey, what) => {
  const guard = credentials();
  expect(guard.check(orders, authorization, apiKey)).toBeNull();
  expect(guard.check(aWorkload({ name: 'orders', pod: 'orders-2' }), authorization, apiKey)).toBeNull();
  const sight = guard.check(aWorkload({ name: 'cart' }), authorization, apiKey);
  expect(sight).toMatchObject({
    detection: 'shared-credential',
    explanation: `2 workloads use one ${what}: shop/orders, shop/cart`,
    evidence: { workloads: 2 },
  });
  expect(JSON.stringify(sight)).not.toMatch(/opaque-token|key-1|b3BlbjpzZXNhbWU/);
});

test('services hand session tokens on to each other, as they should', () => {
  const guard = credentials();
  const session = `Bearer ${aToken({ sub: 'alice', iat: 1_000, exp: 4_600 })}`;
  const forever = `Bearer ${aToken({ sub: 'robot', iat: 1_000, exp: 1_000 + 365 * 86_400 })}`;
  for (const [token, expected] of [
    [session, null],
    [forever, expect.objectContaining({ detection: 'shared-credential' })],
  ] as const) {
    guard.check(orders, token, '');
    expect(guard.check(aWorkload({ name: 'cart' }), token, '')).toEqual(expected);
  }
});

test('remembers a bounded number of credentials, the last that were used', () => {
  const guard = credentials();
  for (const key of ['a', 'b', 'c', 'a', 'd']) guard.check(orders, '', key);
  expect(guard.check(aWorkload({ name: 'cart' }), '', 'a')).not.toBeNull();
  expect(guard.check(aWorkload({ name: 'cart' }), '', 'b')).toBeNull();
});

test('a workload that makes up credentials pushes out none of others, here and elsewhere', () => {
  const guard = credentials(200);
  const keys = Array.from({ length: 40 }, (_, i) => `key-${i}`);
  for (const key of keys) guard.check(orders, '', key);
  for (const key of keys) guard.hear({ fingerprint: `#far-${key}`, workload: 'shop/orders' });
  for (let i = 0; i < 20_000; i++) {
    guard.check(aWorkload({ name: 'made-up' }), '', `m${i}`);
    guard.hear({ fingerprint: `#m${i}`, workload: 'shop/made-up' });
  }
  const noticed = [...keys, ...keys.map((key) => `far-${key}`)].filter(
    (key) => guard.check(aWorkload({ name: 'cart' }), '', key) !== null,
  );
  expect(noticed.length).toBeGreaterThanOrEqual(76);
  expect(guard.takeForgotten()).toBeGreaterThan(2 * 19_000);
  expect(guard.takeForgotten()).toBe(0);
});

test('one credential in the hands of workloads on two nodes is noticed where it is used next', () => {
  const [here, there] = [credentials(), credentials()];
  here.check(orders, '', 'key-1');
  there.check(aWorkload({ name: 'cart' }), '', 'key-1');
  const { uses } = there.takeUses();
  expect(uses).toEqual([{ fingerprint: '#key-1', workload: 'shop/cart' }]);
  for (const use of uses) here.hear(use);
  expect(here.check(orders, '', 'key-1')).toMatchObject({
    explanation: '2 workloads use one API key: shop/orders, shop/cart',
  });
});

test('what is heard from elsewhere pushes out nothing that was seen here', () => {
  const guard = credentials();
  guard.check(orders, '', 'key-1');
  for (let i = 0; i < 100; i++) guard.hear({ fingerprint: `#${i}`, workload: 'shop/cart' });
  expect(guard.check(aWorkload({ name: 'cart' }), '', 'key-1')).not.toBeNull();
});

test('a use is told again soon, in case nobody has heard, and then ever later', () => {
  const guard = credentials();
  const told = Array.from({ length: 182 }, (_, telling) => {
    guard.check(orders, '', 'key-1');
    return guard.takeUses().uses.length > 0 ? telling : -1;
  });
  expect(told.filter((telling) => telling >= 0)).toEqual([0, 1, 3, 7, 15, 31, 63, 123]);
});

test('more uses than are told at once are counted, and told when they are seen again', () => {
  const guard = credentials();
  for (let i = 0; i < 300; i++) guard.check(orders, '', `key-${i}`);
  const { uses, dropped } = guard.takeUses();
  expect([uses.length, dropped]).toEqual([256, 44]);
  guard.check(orders, '', 'key-299');
  expect(guard.takeUses().uses).toEqual([{ fingerprint: '#key-299', workload: 'shop/orders' }]);
});
