import { expect, test } from 'vitest';
import { destination, policy, workload } from '../../testing/builders.ts';
import type { ApiExpectation, Mode } from '../model/policy.ts';
import { PolicySet } from './policy-set.ts';

const HOURLY: ApiExpectation = {
  name: 'hourly',
  distinctPerRun: 3_000,
  schedule: '0 * * * *',
  runSeconds: 600,
  from: [{ serviceAccount: 'export' }],
  to: [{ methods: ['GET'], path: '/orders/{id:int}' }],
};

const orders = destination({ services: [{ namespace: 'shop', service: 'orders', port: 80 }] });

function scopeOf(account: string, expectations: readonly ApiExpectation[], mode: Mode = 'Audit') {
  const set = PolicySet.empty().with({
    upsert: [
      policy({
        namespace: 'shop',
        name: 'orders',
        mode,
        target: { services: ['orders'] },
        rules: [],
        expectations,
      }),
    ],
  });
  return set.scope(workload({ namespace: 'shop', serviceAccount: account }), orders);
}

test('holds for its callers and operations, and for nobody else', () => {
  const scope = scopeOf('export', [HOURLY]);
  expect(scope.expectation('GET', '/orders/7')).toMatchObject({
    id: 'shop/orders/hourly',
    terms: { distinctPerRun: 3_000, runMs: 600_000 },
  });
  expect(scope.expectation('HEAD', '/orders/7')).not.toBeNull();
  for (const [method, path] of [
    ['POST', '/orders/7'],
    ['GET', '/orders'],
    ['GET', '/orders/../orders/7'],
  ] as const)
    expect(scope.expectation(method, path)).toBeNull();
  expect(scopeOf('frontend', [HOURLY]).expectation('GET', '/orders/7')).toBeNull();
});

test('of several the first holds; without `from` and `to` it is for everybody and everything', () => {
  const { from, to, ...anybody } = HOURLY;
  const scope = scopeOf('export', [HOURLY, { ...anybody, name: 'all' }]);
  expect(scope.expectation('GET', '/orders/7')?.id).toBe('shop/orders/hourly');
  expect(scope.expectation('DELETE', '/users/7')?.id).toBe('shop/orders/all');
  expect(from === undefined || to === undefined).toBe(false);
});

test('callers with different expectations share no scope', () => {
  const set = PolicySet.empty().with({
    upsert: [
      policy({
        namespace: 'shop',
        name: 'orders',
        mode: 'Audit',
        target: {},
        rules: [],
        expectations: [HOURLY],
      }),
    ],
  });
  const at = (account: string) =>
    set
      .scope(workload({ uid: account, namespace: 'shop', serviceAccount: account }), orders)
      .expectation('GET', '/orders/7');
  expect([at('export') !== null, at('frontend')]).toEqual([true, null]);
});

test('a policy that is off expects nothing', () => {
  expect(scopeOf('export', [HOURLY], 'Off').expectation('GET', '/orders/7')).toBeNull();
});
