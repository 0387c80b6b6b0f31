import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { stringify } from 'yaml';
import {
  CRD,
  EGRESS,
  EGRESS_CRD,
  guardProfile,
  installPolicies,
  LOOSE_CRD,
  POLICIES,
  PROFILE_CRD,
  PROFILES,
  pod,
  policy,
  service,
  slice,
} from '../../testing/kube-objects.ts';
import { systemClock } from '../kernel/clock.ts';
import { type KubeApi, type KubeApiOptions, startKubeApi } from '../sandbox/kube-api/start-kube-api.ts';
import { ObjectStore } from '../sandbox/kube-api/store.ts';
import { connectKube } from './client.ts';
import { ClusterWatch } from './cluster-watch.ts';
import { STATUS_DEFAULTS } from './status.ts';
import { WATCH_DEFAULTS, type WatchSettings } from './watch.ts';

/* The agent's view of a cluster, through TLS and HTTP, while the kube API does all that it does in a bad week. */

vi.setConfig({ testTimeout: 30_000 });

const TOKEN = { token: 'agent-token', name: 'agent', groups: [] };

class Access {
  readonly #folder = mkdtempSync(join(tmpdir(), 'eastwall-live-'));
  readonly path = join(this.#folder, 'kubeconfig');

  allow(api: KubeApi, token = TOKEN.token): void {
    writeFileSync(join(this.#folder, 'ca.pem'), api.caPem);
    const cluster = { server: api.url, 'certificate-authority': 'ca.pem' };
    writeFileSync(
      this.path,
      stringify({
        clusters: [{ name: 'c', cluster }],
        users: [{ name: 'u', user: { token } }],
        contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
        'current-context': 'x',
      }),
    );
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true });
  }
}

async function cluster(settings: KubeApiOptions['settings'] = {}) {
  const store = new ObjectStore();
  const start = async (port = 0) => {
    const api = await startKubeApi({ store, host: '127.0.0.1', port, tokens: [TOKEN], settings });
    access.allow(api);
    return api;
  };
  const access = new Access();
  const api = await start();
  const port = Number(new URL(api.url).port);
  const dispose = () => access.remove();
  return { store, access, api, restart: () => start(port), [Symbol.dispose]: dispose };
}

const QUICK: WatchSettings = {
  ...WATCH_DEFAULTS,
  retryFirstMs: 5,
  retryMaxMs: 40,
  absentRetryMs: 20,
  pageSize: 3,
};

/** One agent's watch, with everything that it was told applied. */
function agent(
  kubeconfig: string,
  given: { readonly watch?: Partial<WatchSettings>; readonly timeoutMs?: number } = {},
) {
  const seen = {
    services: new Map<string, readonly string[]>(),
    slices: new Map<string, readonly string[]>(),
    nodes: new Map<string, readonly string[]>(),
    policies: new Map<string, string>(),
    'egress-policies': new Map<string, string>(),
    'guard-profiles': new Map<string, string>(),
    pods: new Map<string, string>(),
    namespaces: new Set<string>(),
    removals: [] as string[],
    synced: false,
  };
  const removed = (map: { delete(key: string): boolean }, keys: readonly string[]) => {
    for (const key of keys) {
      map.delete(key);
      seen.removals.push(key);
    }
  };
  const silent = () => undefined;
  const watch = new ClusterWatch({
    context: {
      client: connectKube({ kubeconfig, clock: systemClock, timeoutMs: given.timeoutMs ?? 10_000 }),
      clock: systemClock,
      log: { info: silent, warn: silent, error: silent },
      random: Math.random,
      settings: { ...QUICK, ...given.watch },
    },
    node: 'n1',
    nodePorts: true,
    status: { ...STATUS_DEFAULTS, spreadMs: 10, retryFirstMs: 5 },
    listener: {
      message: (message) => {
        if (message.kind === 'synced') seen.synced = true;
        else if (message.kind === 'services')
          for (const at of message.upsert) seen.services.set(`${at.namespace}/${at.name}`, at.ips);
        else if (message.kind === 'slices')
          for (const at of message.upsert) seen.slices.set(`${at.namespace}/${at.name}`, at.ips);
        else if (message.kind === 'nodes') for (const at of message.upsert) seen.nodes.set(at.name, at.ips);
        else if (message.kind === 'guard-profiles')
          for (const at of message.upsert)
            seen['guard-profiles'].set(at.name, at.detections?.[0]?.action ?? '');
        else for (const at of message.upsert) seen[message.kind].set(`${at.namespace}/${at.name}`, at.mode);
        if (message.kind !== 'synced') removed(seen[message.kind], message.remove);
      },
      pods: (upsert, remove) => {
        for (const at of upsert) seen.pods.set(at.uid, at.name);
        removed(seen.pods, remove);
      },
      namespaces: (upsert, remove) => {
        for (const at of upsert) seen.namespaces.add(at.name);
        removed(seen.namespaces, remove);
      },
      serviceLabels: () => {},
    },
  });
  const running = watch.start();
  const stop = async () => {
    await watch.stop();
    await running;
  };
  return { watch, seen, [Symbol.asyncDispose]: stop };
}

const eventually = (holds: () => boolean) => vi.waitUntil(holds, { timeout: 15_000, interval: 5 });
const until = async (read: () => unknown, expected: unknown) =>
  vi.waitFor(() => expect(read()).toEqual(expected), { timeout: 15_000, interval: 5 });

const isConnected = (watch: ClusterWatch) => watch.status().watches.every(({ connected }) => connected);

const conditionOf = (store: ObjectStore, name: string): unknown => {
  const status = store.get(POLICIES, 'default', name)?.['status'] as { conditions?: unknown[] } | undefined;
  return status?.conditions?.[0];
};

test('follows what comes, changes and goes, and pods of its own node only', async () => {
  using at = await cluster();
  const { store, api, access } = at;
  for (const index of [1, 2, 3, 4, 5, 6, 7])
    store.create('services', service(`s${index}`, `10.96.0.${index}`));
  installPolicies(store);
  store.create(POLICIES, policy('p'));
  store.create('pods', pod('mine', 'n1'));
  store.create('pods', pod('theirs', 'n2'));
  await using run = agent(access.path);
  await eventually(() => run.seen.synced);
  expect(run.seen.services.size).toBe(7);
  expect([...run.seen.pods.values()]).toEqual(['mine']);
  expect([...run.seen.policies]).toEqual([['default/p', 'Enforce']]);
  expect(run.seen.namespaces).toContain('kube-system');

  store.create('endpointslices.discovery.k8s.io', slice('s1-a', 's1', ['10.0.1.1', '10.0.1.2']));
  store.apply(service('s1', '10.96.9.9'));
  store.remove('services', 'default', 's2');
  store.remove('pods', 'default', 'mine');
  store.create('pods', pod('mine', 'n1'));
  store.apply(policy('p', 'Audit'));
  await until(() => run.seen.slices.get('default/s1-a'), ['10.0.1.1', '10.0.1.2']);
  await until(() => run.seen.services.get('default/s1'), ['10.96.9.9']);
  await until(() => run.seen.services.has('default/s2'), false);
  await until(() => [...run.seen.pods.values()], ['mine']);
  await until(() => run.seen.policies.get('default/p'), 'Audit');
  await eventually(() =>
    run.watch.status().watches.every(({ connected, problem }) => connected && problem === null),
  );
  await api.close();
});

test.each(['event', 'http'] as const)(
  'finds by listing what it missed when the version is gone (%s)',
  async (expiredWatch) => {
    using at = await cluster({ expiredWatch });
    const { store, api, access } = at;
    installPolicies(store);
    for (const index of [1, 2, 3, 4, 5]) store.create('services', service(`s${index}`, `10.96.0.${index}`));
    await using run = agent(access.path);
    await eventually(() => run.seen.synced && isConnected(run.watch));

    // In one turn of the loop, so no watch can come back in between.
    api.dropWatches();
    store.remove('services', 'default', 's2');
    store.apply(service('s3', '10.96.9.3'));
    store.create('services', service('s6', '10.96.0.6'));
    store.compact();
    await until(() => Object.fromEntries(run.seen.services), {
      'default/s1': ['10.96.0.1'],
      'default/s3': ['10.96.9.3'],
      'default/s4': ['10.96.0.4'],
      'default/s5': ['10.96.0.5'],
      'default/s6': ['10.96.0.6'],
    });
    expect(run.seen.removals).toEqual(['default/s2']);
    expect(run.watch.status().watches.find(({ path }) => path.endsWith('services'))?.lists).toBeGreaterThan(
      1,
    );
    await api.close();
  },
);

test('keeps its last snapshot while the API server is down, and catches up with a new one', async () => {
  using at = await cluster();
  const { store, api, access, restart } = at;
  installPolicies(store);
  store.create('services', service('orders', '10.96.0.1'));
  store.create('services', service('billing', '10.96.0.2'));
  store.create(POLICIES, policy('p'));
  await using run = agent(access.path);
  await eventually(() => run.seen.synced && isConnected(run.watch));
  await api.close();
  await eventually(() =>
    run.watch.status().watches.every(({ problem }) => problem?.includes('ECONNREFUSED') ?? false),
  );
  expect(run.seen.removals).toEqual([]);
  expect(run.seen.services.size).toBe(2);
  expect(run.watch.status()).toMatchObject({ synced: true, policies: 1 });

  store.remove('services', 'default', 'billing');
  store.apply(policy('p', 'Audit'));
  const again = await restart();
  await until(() => [...run.seen.services.keys()], ['default/orders']);
  await until(() => run.seen.policies.get('default/p'), 'Audit');
  await eventually(() =>
    run.watch.status().watches.every(({ connected, problem }) => connected && problem === null),
  );
  expect(run.seen.removals).toEqual(['default/billing']);
  await again.close();
});

test('notices an API server that holds its connections and says nothing', async () => {
  using at = await cluster({ bookmarkIntervalMs: 20 });
  const { store, api, access } = at;
  installPolicies(store);
  store.create('services', service('orders', '10.96.0.1'));
  // Long enough for a busy machine to open all watches in.
  await using run = agent(access.path, { watch: { idleMs: 1_500 }, timeoutMs: 1_500 });
  await eventually(() => run.seen.synced && isConnected(run.watch));
  api.pause();
  await eventually(() => run.watch.status().watches.some(({ problem }) => problem !== null));
  const { lastContact } = run.watch.status();
  expect(run.seen.removals).toEqual([]);
  store.apply(service('orders', '10.96.9.9'));
  api.resume();
  await until(() => run.seen.services.get('default/orders'), ['10.96.9.9']);
  await eventually(() => run.watch.status().watches.every(({ problem }) => problem === null));
  expect(Number(run.watch.status().lastContact)).toBeGreaterThan(Number(lastContact));
  await api.close();
});

test('starts without the policy type, and takes policies as soon as there is one', async () => {
  using at = await cluster();
  const { store, api, access } = at;
  await using run = agent(access.path);
  await eventually(() => run.seen.synced);
  expect(run.watch.status()).toMatchObject({
    missingKinds: ['ApiPolicy', 'EgressPolicy', 'GuardProfile'],
    policies: 0,
  });
  store.apply(CRD);
  store.create(POLICIES, policy('p'));
  await until(() => run.seen.policies.get('default/p'), 'Enforce');
  expect(run.watch.status()).toMatchObject({ missingKinds: ['EgressPolicy', 'GuardProfile'], policies: 1 });
  store.apply(EGRESS_CRD);
  store.create(EGRESS, { ...policy('out'), kind: 'EgressPolicy', spec: { mode: 'Enforce', rules: [] } });
  await until(() => run.seen['egress-policies'].get('default/out'), 'Enforce');
  store.apply(PROFILE_CRD);
  store.create(PROFILES, guardProfile('all'));
  await until(() => run.seen['guard-profiles'].get('all'), 'Block');
  expect(run.watch.status()).toMatchObject({ missingKinds: [], policies: 3 });
  const status = () => store.get(PROFILES, undefined, 'all')?.['status'];
  await eventually(() => JSON.stringify(status() ?? {}).includes('Accepted'));
  await api.close();
});

test('a bad policy is refused in its status, keeps its last good version, and harms no other', async () => {
  using at = await cluster();
  const { store, api, access } = at;
  store.apply(LOOSE_CRD);
  store.create(POLICIES, policy('good'));
  store.create(POLICIES, policy('fresh', 'Block'));
  await using run = agent(access.path);
  await until(
    () => conditionOf(store, 'good'),
    expect.objectContaining({ type: 'Accepted', status: 'True', observedGeneration: 1 }),
  );
  await until(
    () => conditionOf(store, 'fresh'),
    expect.objectContaining({
      status: 'False',
      reason: 'Invalid',
      message: expect.stringContaining('spec.mode'),
    }),
  );
  expect([...run.seen.policies.keys()]).toEqual(['default/good']);

  store.apply(policy('good', 'Nonsense'));
  await until(
    () => conditionOf(store, 'good'),
    expect.objectContaining({ status: 'False', observedGeneration: 2 }),
  );
  expect(run.seen.policies.get('default/good')).toBe('Enforce');
  expect(run.watch.status().refused).toContainEqual(
    expect.objectContaining({ policy: 'default/good', inForce: 1 }),
  );

  store.apply(policy('good', 'Audit'));
  await until(
    () => conditionOf(store, 'good'),
    expect.objectContaining({ status: 'True', observedGeneration: 3 }),
  );
  await until(() => run.seen.policies.get('default/good'), 'Audit');
  expect(run.seen.removals).toEqual([]);
  await api.close();
});

test('several agents write a status once', async () => {
  using at = await cluster();
  const { store, api, access } = at;
  installPolicies(store);
  await using first = agent(access.path);
  await using second = agent(access.path);
  await using third = agent(access.path);
  const agents = [first, second, third];
  await eventually(() => agents.every(({ seen, watch }) => seen.synced && isConnected(watch)));
  let changes = 0;
  store.subscribe(POLICIES, () => changes++);
  const names = ['a', 'b', 'c', 'd', 'e'];
  for (const name of names) store.create(POLICIES, policy(name));
  await eventually(() => names.every((name) => conditionOf(store, name) !== undefined));
  await eventually(() => agents.every(({ watch }) => watch.status().statusWrites.waiting === 0));
  expect(changes).toBe(2 * names.length);
  const writes = agents.map(({ watch }) => watch.status().statusWrites);
  expect(writes.reduce((sum, { written }) => sum + written, 0)).toBe(names.length);
  expect(writes.every(({ failed, problem }) => failed === 0 && problem === null)).toBe(true);
  await api.close();
});

test('is not synced, and says why, while its token is refused', async () => {
  using at = await cluster();
  const { api, access } = at;
  access.allow(api, 'wrong');
  await using run = agent(access.path);
  await eventually(() => run.watch.status().watches.every(({ problem }) => problem === 'Unauthorized'));
  expect(run.watch.status().synced).toBe(false);
  await api.close();
});
