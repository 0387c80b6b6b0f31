import type { ApiPolicy, Workload } from '@eastwall/policy';
import { EgressSet, PolicySet } from '@eastwall/policy';
import { expect, test } from 'vitest';
import { Judge } from './judge.ts';
import { World } from './world.ts';

const frontend: Workload = {
  uid: 'u1',
  namespace: 'shop',
  pod: 'frontend-1',
  node: 'n',
  serviceAccount: 'frontend',
  kind: 'Deployment',
  name: 'frontend',
  labels: {},
};
const policy: ApiPolicy = {
  namespace: 'shop',
  name: 'orders',
  generation: 1,
  mode: 'Enforce',
  target: { services: ['orders'] },
  rules: [
    { name: 'read', action: 'Allow', from: [{ serviceAccount: 'frontend' }], to: [{ methods: ['GET'] }] },
  ],
};

const setUp = () => {
  const world = new World();
  let caller = frontend;
  const judge = new Judge(world, { caller: () => caller, ip: '10.96.0.9', port: 80 });
  const become = (other: Workload): void => {
    caller = other;
    world.touch();
  };
  const serve = (): void => {
    world.directory.upsertService({
      namespace: 'shop',
      name: 'orders',
      ips: ['10.96.0.9'],
      ports: [{ name: 'http', port: 80 }],
    });
    world.touch();
  };
  const enforce = (): void => world.replacePolicies(PolicySet.empty().with({ upsert: [policy], remove: [] }));
  return { world, judge, become, serve, enforce };
};

test('a new policy is in force for the next request of an open connection', () => {
  const { judge, serve, enforce, world } = setUp();
  serve();
  expect(judge.scope.evaluate('POST', '/', '')).toMatchObject({ verdict: 'allow', reason: 'ungoverned' });
  enforce();
  expect(judge.scope.evaluate('POST', '/', '')).toMatchObject({ verdict: 'deny' });
  expect(judge.scope.evaluate('GET', '/', '')).toMatchObject({ verdict: 'allow', rule: 'read' });
  world.replacePolicies(PolicySet.empty());
  expect(judge.scope.evaluate('POST', '/', '').verdict).toBe('allow');
});

test('a Service that appears behind the address brings its policies', () => {
  const { judge, serve, enforce } = setUp();
  enforce();
  expect(judge.scope.evaluate('POST', '/', '').verdict).toBe('allow');
  serve();
  expect(judge.scope.evaluate('POST', '/', '').verdict).toBe('deny');
  expect(judge.destination.services).toEqual([{ namespace: 'shop', service: 'orders', port: 80 }]);
});

test.each([
  ['Enforce', 'deny'],
  ['Audit', 'would-deny'],
] as const)(
  'bytes that nobody can read are judged in the name of the governing policy: %s',
  (mode, verdict) => {
    const { judge, serve, world } = setUp();
    serve();
    expect(judge.scope.unreadable).toMatchObject({ verdict: 'allow', reason: 'ungoverned' });
    world.replacePolicies(PolicySet.empty().with({ upsert: [{ ...policy, mode }], remove: [] }));
    expect(judge.scope.unreadable).toEqual({
      verdict,
      reason: 'unreadable_protocol',
      policy: 'shop/orders',
      rule: null,
    });
  },
);

test('a port is opaque as its Service says, else as the caller says, else as the agent does', () => {
  const { world, serve } = setUp();
  const range = (port: number) => [{ from: port, to: port }];
  const opaque = (ip: string, port: number, byCaller: number | null = null) =>
    new Judge(world, {
      caller: () => frontend,
      opaquePorts: () => (byCaller === null ? null : range(byCaller)),
      ip,
      port,
    }).declaredOpaque;
  world.opaquePorts = range(6379);
  serve();
  expect([opaque('192.0.2.1', 6379), opaque('192.0.2.1', 80)]).toEqual([true, false]);
  expect([opaque('192.0.2.1', 6379, 81), opaque('192.0.2.1', 81, 81)]).toEqual([false, true]);
  expect([opaque('10.96.0.9', 80), opaque('10.96.0.9', 80, 80)]).toEqual([false, true]);
  const declare = (ports: number) =>
    world.directory.upsertService({
      namespace: 'shop',
      name: 'orders',
      ips: ['10.96.0.9'],
      ports: [6379, 80].map((port) => ({ name: `p${port}`, port })),
      opaquePorts: { ports: range(ports), problem: null },
    });
  declare(80);
  expect([opaque('10.96.0.9', 80), opaque('10.96.0.9', 6379, 6379)]).toEqual([true, false]);
  const held = new Judge(world, { caller: () => frontend, ip: '10.96.0.9', port: 80 });
  expect(held.declaredOpaque).toBe(true);
  world.directory.removeService('shop/orders');
  world.touch();
  expect(held.declaredOpaque).toBe(false);
});

test('a pod address is opaque by the port of the Service that it stands behind', () => {
  const { world } = setUp();
  world.directory.upsertService({
    namespace: 'shop',
    name: 'cache',
    ips: [],
    ports: [{ name: 'redis', port: 6379 }],
    opaquePorts: { ports: [{ from: 6379, to: 6379 }], problem: null },
  });
  const ports = [{ name: 'redis', port: 16_379 }];
  world.directory.upsertSlice({ namespace: 'shop', name: 's', service: 'cache', ips: ['10.1.0.4'], ports });
  const opaque = (port: number) =>
    new Judge(world, { caller: () => frontend, ip: '10.1.0.4', port }).declaredOpaque;
  expect([opaque(16_379), opaque(6379)]).toEqual([true, false]);
});

test('an identity that comes or changes is judged anew', () => {
  const { judge, serve, enforce, become } = setUp();
  serve();
  enforce();
  expect(judge.scope.evaluate('GET', '/', '').verdict).toBe('allow');
  become({ ...frontend, uid: 'u2', serviceAccount: 'ci' });
  expect(judge.scope.evaluate('GET', '/', '').verdict).toBe('deny');
});

test('a destination without a Service is judged by the policies of the caller, and at once where that is enough', () => {
  const { judge, serve, world, become } = setUp();
  world.replaceEgress(
    EgressSet.empty().with({
      upsert: [
        {
          namespace: 'shop',
          name: 'out',
          generation: 1,
          mode: 'Enforce',
          from: [{ serviceAccount: 'frontend' }],
          rules: [{ name: 'api', action: 'Allow', to: [{ hosts: ['api.example.com'], ports: [80] }] }],
        },
      ],
    }),
  );
  expect(judge.scope.atConnect).toBeNull();
  expect(judge.scope.evaluate('GET', '/', 'API.example.com:80')).toMatchObject({
    verdict: 'allow',
    rule: 'api',
  });
  expect(judge.scope.evaluate('GET', '/', 'evil.example').verdict).toBe('deny');
  expect(judge.scope.unread('api.example.com').verdict).toBe('allow');
  const mail = new Judge(world, { caller: () => frontend, ip: '203.0.113.9', port: 25 });
  expect(mail.scope.atConnect).toMatchObject({ verdict: 'deny', policy: 'shop/out' });

  become({ ...frontend, serviceAccount: 'ci' });
  expect(judge.scope.evaluate('GET', '/', 'evil.example').verdict).toBe('allow');
  become(frontend);
  serve();
  expect(judge.scope.evaluate('GET', '/', 'evil.example')).toMatchObject({ reason: 'ungoverned' });
});
