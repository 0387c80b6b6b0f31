import fc from 'fast-check';
import type { ApiPolicy, CallerSelector, Facts, OperationSelector, Rule } from '../src/index.ts';
import { destination, policy, workload } from './builders.ts';

/** Random policies and requests from so few words that they meet: most requests match several rules. */

export const NAMESPACES = ['shop', 'ops'];
const SERVICES = ['orders', 'billing'];
const PORTS = [80, 443, 8080];
export const ACCOUNTS = ['checkout', 'ci'];
const NAMES = ['web', 'batch'];
const KINDS = ['Deployment', 'CronJob'];
export const METHODS = ['GET', 'HEAD', 'POST', 'DELETE'];
const LABELS = fc.dictionary(fc.constantFrom('app', 'tier'), fc.constantFrom('a', 'b'), {
  minKeys: 1,
  maxKeys: 2,
});

export const TEMPLATES = [
  '/',
  '/**',
  '/a',
  '/a/',
  '/a/**',
  '/a/{id}',
  '/a/{id:int}',
  '/a/{id:slug}',
  '/a/{id:hex}',
  '/a/{id:uuid}',
  '/a/{id}/b',
  '/a/{id:int}/b',
  '/{x}/7',
  '/{x}/{y:int}/**',
  '/a/12345678/b',
  '/%5B',
  '/v:go',
];

/** Mostly paths that the templates speak of, some that must be respelled, some that must be refused. */
export const rawPath = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.constantFrom(
      '/',
      '/a',
      '/a/',
      '/a/7',
      '/a/x',
      '/a/x-y',
      '/a/7/b',
      '/a/12345678/b',
      '/b/7',
      '/b/7/c/d',
      '/shop.Orders/Get',
      '/shop.Orders/Put',
    ),
  },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      '/%61',
      '/a%2f7',
      '/[',
      '/%5b',
      '/v%3Ago',
      '/a/%37',
      '/%41',
      '/a/3f2504e0-4f89-41d3-9a0c-0305e82c3301',
    ),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      '//a',
      '/a/../b',
      '/a;x',
      '/a%00',
      '',
      '*',
      'a',
      '/a/%2e',
      '/%c0%af',
      '/é',
      '/%252f',
      '/a b',
    ),
  },
);

export const callerSelector: fc.Arbitrary<CallerSelector> = fc
  .record(
    {
      serviceAccount: fc.constantFrom(...ACCOUNTS, ...ACCOUNTS.map((name) => `ops/${name}`)),
      workload: fc.record(
        { kind: fc.constantFrom(...KINDS), name: fc.constantFrom(...NAMES) },
        { requiredKeys: ['name'] },
      ),
      namespace: fc.constantFrom(...NAMESPACES, '*'),
      labels: LABELS,
    },
    { requiredKeys: [] },
  )
  .filter((selector) => Object.keys(selector).length > 0);

const grpcSelector: fc.Arbitrary<OperationSelector> = fc.record({
  grpc: fc.record(
    { service: fc.constantFrom('a', 'shop.Orders'), method: fc.constantFrom('x', 'Get') },
    { requiredKeys: ['service'] },
  ),
});

export const httpSelector: fc.Arbitrary<OperationSelector> = fc
  .record(
    {
      methods: fc.uniqueArray(fc.constantFrom(...METHODS), { minLength: 1, maxLength: 3 }),
      path: fc.constantFrom(...TEMPLATES),
    },
    { requiredKeys: [] },
  )
  .filter((selector) => Object.keys(selector).length > 0);

const operationSelector = fc.oneof(
  { weight: 6, arbitrary: httpSelector },
  { weight: 1, arbitrary: grpcSelector },
);

/** Allows outnumber denies, else everything is denied by the first rule that says so. */
export const ACTION = fc.constantFrom('Allow' as const, 'Allow' as const, 'Allow' as const, 'Deny' as const);
export const MODE = fc.constantFrom(
  'Off' as const,
  'Audit' as const,
  'Audit' as const,
  'Enforce' as const,
  'Enforce' as const,
);

const rules: fc.Arbitrary<Rule[]> = fc
  .array(
    fc.record(
      {
        action: ACTION,
        from: fc.array(callerSelector, { minLength: 1, maxLength: 3 }),
        to: fc.array(operationSelector, { minLength: 1, maxLength: 3 }),
      },
      { requiredKeys: ['action'] },
    ),
    { maxLength: 6 },
  )
  .map((list) => list.map((rule, at) => ({ name: `r${at}`, ...rule })));

const apiPolicy: fc.Arbitrary<ApiPolicy> = fc
  .record({
    namespace: fc.constantFrom(...NAMESPACES),
    name: fc.constantFrom('a', 'b', 'c'),
    mode: MODE,
    target: fc.record(
      {
        services: fc.uniqueArray(fc.constantFrom(...SERVICES), { minLength: 1 }),
        ports: fc.uniqueArray(fc.constantFrom(...PORTS), { minLength: 1 }),
      },
      { requiredKeys: [] },
    ),
    rules,
  })
  .map(policy);

/** At most one policy of each name, as in a cluster. */
export const apiPolicies = fc.uniqueArray(apiPolicy, {
  minLength: 1,
  maxLength: 5,
  selector: ({ namespace, name }) => `${namespace}/${name}`,
});

export const caller = fc
  .record({
    namespace: fc.constantFrom(...NAMESPACES),
    serviceAccount: fc.constantFrom(...ACCOUNTS),
    kind: fc.constantFrom(...KINDS),
    name: fc.constantFrom(...NAMES),
    labels: fc.option(LABELS, { nil: {} }),
  })
  .map((about) => workload({ ...about, uid: JSON.stringify(about) }));

export const facts: fc.Arbitrary<Facts> = fc
  .record({
    caller,
    services: fc.array(
      fc.record({
        namespace: fc.constantFrom(...NAMESPACES),
        service: fc.constantFrom(...SERVICES),
        port: fc.constantFrom(0, ...PORTS),
      }),
      { minLength: 1, maxLength: 2 },
    ),
    port: fc.constantFrom(...PORTS, 9999),
    method: fc.constantFrom(...METHODS, 'get', 'delete', 'OPTIONS'),
    path: rawPath,
  })
  .map(({ caller, services, port, method, path }) => ({
    caller,
    destination: destination({ services, port }),
    operation: { method, path },
  }));
