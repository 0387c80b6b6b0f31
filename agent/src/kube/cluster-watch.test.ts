import { expect, test, vi } from 'vitest';
import { systemClock } from '../kernel/clock.ts';
import { err, ok, type Result } from '../kernel/result.ts';
import type { KubeClient, Query, WatchCall } from './client.ts';
import { type ClusterMessage, ClusterWatch } from './cluster-watch.ts';
import { type KubeFailure, refusal } from './failure.ts';
import { STATUS_DEFAULTS } from './status.ts';
import { WATCH_DEFAULTS } from './watch.ts';
import type { WatchEvent } from './watch-stream.ts';

const PODS = '/api/v1/pods';
const NAMESPACES = '/api/v1/namespaces';
const SERVICES = '/api/v1/services';
const SLICES = '/apis/discovery.k8s.io/v1/endpointslices';
const NODES = '/api/v1/nodes';
const POLICIES = '/apis/eastwall.dev/v1alpha1/apipolicies';
const EGRESS = '/apis/eastwall.dev/v1alpha1/egresspolicies';
const PROFILES = '/apis/eastwall.dev/v1alpha1/guardprofiles';

/** The lists and watches of some resource types in memory; a type without a list does not answer. */
class MemoryKube implements KubeClient {
  readonly queries = new Map<string, Query>();
  readonly patches: string[] = [];
  readonly lists = new Map<string, Result<unknown[], KubeFailure>>();
  readonly #open = new Map<string, (events: WatchEvent[]) => void>();

  async get(path: string, query: Query, signal: AbortSignal): Promise<Result<unknown, KubeFailure>> {
    this.queries.set(path, query);
    await vi.waitUntil(() => signal.aborted || this.lists.has(path), { interval: 1, timeout: 10_000 });
    const items = this.lists.get(path) ?? ok([]);
    return items.ok ? ok({ metadata: { resourceVersion: '1' }, items: items.value }) : items;
  }

  async *watch(path: string, call: WatchCall): AsyncGenerator<Result<WatchEvent, KubeFailure>> {
    call.signal.addEventListener('abort', () => this.send(path));
    while (!call.signal.aborted) {
      const events = await new Promise<WatchEvent[]>((resolve) => this.#open.set(path, resolve));
      for (const event of events) yield ok(event);
    }
  }

  /** Sends events in one go. */
  send(path: string, ...events: WatchEvent[]): void {
    this.#open.get(path)?.(events);
  }

  watched(path: string): boolean {
    return this.#open.has(path);
  }

  async create(): Promise<Result<unknown, KubeFailure>> {
    throw new Error('nobody creates here');
  }

  async mergePatch(path: string): Promise<Result<unknown, KubeFailure>> {
    this.patches.push(path);
    return ok({});
  }
}

const meta = (name: string, more: object = {}) => ({
  metadata: {
    namespace: 'shop',
    name,
    uid: `uid-${name}`,
    resourceVersion: `1-${name}`,
    generation: 1,
    ...more,
  },
});
const service = (name: string, ip: string, version = '1') => ({
  ...meta(name, { resourceVersion: version }),
  spec: { clusterIP: ip, ports: [{ port: 80 }] },
});
const labelled = ({ metadata, ...object }: ReturnType<typeof service>, labels: object) => ({
  ...object,
  metadata: { ...metadata, labels },
});
const node = (name: string, address: string, version = '1') => ({
  metadata: { name, resourceVersion: version },
  status: { addresses: [{ type: 'InternalIP', address }] },
});
const policy = (name: string, mode: string) => ({
  apiVersion: 'eastwall.dev/v1alpha1',
  kind: 'ApiPolicy',
  ...meta(name),
  spec: { mode, target: {}, rules: [] },
});
const egressPolicy = (name: string, mode: string) => ({
  apiVersion: 'eastwall.dev/v1alpha1',
  kind: 'EgressPolicy',
  ...meta(name),
  spec: { mode, rules: [] },
});

function watching(kube: MemoryKube) {
  const messages: ClusterMessage[] = [];
  const pods: string[] = [];
  const namespaces: string[] = [];
  const labels: (readonly [string, object | null])[] = [];
  const silent = () => undefined;
  const cluster = new ClusterWatch({
    context: {
      client: kube,
      clock: systemClock,
      log: { info: silent, warn: silent, error: silent },
      random: () => 0,
      settings: WATCH_DEFAULTS,
    },
    node: 'n1',
    nodePorts: true,
    status: { ...STATUS_DEFAULTS, spreadMs: 0 },
    listener: {
      message: (message) => messages.push(message),
      pods: (upsert, remove) =>
        pods.push(...upsert.map((pod) => `+${pod.uid}`), ...remove.map((uid) => `-${uid}`)),
      namespaces: (upsert, remove) =>
        namespaces.push(...upsert.map(({ name }) => `+${name}`), ...remove.map((name) => `-${name}`)),
      serviceLabels: (key, its) => void labels.push([key, its]),
    },
  });
  const running = cluster.start();
  const stop = async () => {
    await cluster.stop();
    await running;
  };
  return { cluster, messages, pods, namespaces, labels, [Symbol.asyncDispose]: stop };
}

const told = (messages: readonly ClusterMessage[]) =>
  messages.map((message) =>
    message.kind === 'synced'
      ? 'synced'
      : [
          message.kind,
          ...message.upsert.map(({ name }) => `+${name}`),
          ...message.remove.map((key) => `-${key}`),
        ].join(' '),
  );

test('is synced when everything has been listed, and not before', async () => {
  const kube = new MemoryKube();
  kube.lists.set(PODS, ok([meta('orders-1')]));
  kube.lists.set(NAMESPACES, ok([{ metadata: { name: 'shop', resourceVersion: '1' } }]));
  kube.lists.set(SERVICES, ok([service('orders', '10.96.0.1')]));
  kube.lists.set(POLICIES, ok([policy('p', 'Audit')]));
  kube.lists.set(EGRESS, ok([egressPolicy('p', 'Audit')]));
  kube.lists.set(PROFILES, ok([]));
  kube.lists.set(NODES, ok([node('n1', '172.20.1.1')]));
  await using run = watching(kube);
  await vi.waitUntil(() =>
    [PODS, NAMESPACES, SERVICES, POLICIES, EGRESS].every((path) => kube.watched(path)),
  );
  expect(told(run.messages)).not.toContain('synced');
  expect(run.cluster.status()).toMatchObject({ synced: false, lastContact: null });

  kube.lists.set(
    SLICES,
    ok([{ ...meta('orders-x', { labels: { 'kubernetes.io/service-name': 'orders' } }), endpoints: [] }]),
  );
  await vi.waitUntil(() => told(run.messages).includes('synced'));
  expect(told(run.messages).toSorted()).toEqual([
    'egress-policies +p',
    'nodes +n1',
    'policies +p',
    'services +orders',
    'slices +orders-x',
    'synced',
  ]);
  expect(told(run.messages).at(-1)).toBe('synced');
  expect(run.pods).toEqual(['+uid-orders-1']);
  expect(run.namespaces).toEqual(['+shop']);
  expect(kube.queries.get(PODS)).toMatchObject({ fieldSelector: 'spec.nodeName=n1' });
  expect(run.cluster.status()).toMatchObject({
    synced: true,
    policies: 2,
    missingKinds: [],
    refused: [],
  });
});

const EMPTY = [PODS, NAMESPACES, SERVICES, SLICES, NODES, EGRESS, PROFILES].map(
  (path) => [path, ok([])] as const,
);

test('does without policies while their type is not installed, and says so', async () => {
  const kube = new MemoryKube();
  for (const [path, list] of EMPTY) kube.lists.set(path, list);
  kube.lists.set(POLICIES, err(refusal(404, { reason: 'NotFound' })));
  await using run = watching(kube);
  await vi.waitUntil(() => told(run.messages).includes('synced'));
  expect(run.cluster.status()).toMatchObject({ missingKinds: ['ApiPolicy'], policies: 0 });
});

test('hands on what came together as one message with the last state of each', async () => {
  const kube = new MemoryKube();
  for (const [path, list] of EMPTY) kube.lists.set(path, list);
  kube.lists.set(POLICIES, ok([]));
  await using run = watching(kube);
  await vi.waitUntil(
    () => told(run.messages).includes('synced') && kube.watched(SERVICES) && kube.watched(PODS),
  );
  run.messages.length = 0;
  kube.send(
    SERVICES,
    { type: 'ADDED', object: service('orders', '10.96.0.1') },
    { type: 'ADDED', object: service('billing', '10.96.0.2') },
    { type: 'MODIFIED', object: labelled(service('orders', '10.96.0.3', '2'), { tier: 'api' }) },
    { type: 'DELETED', object: service('billing', '10.96.0.2') },
  );
  await vi.waitUntil(() => run.messages.length > 0);
  expect(run.labels.slice(-2)).toEqual([
    ['shop/orders', { tier: 'api' }],
    ['shop/billing', null],
  ]);
  expect(run.messages).toEqual([
    {
      kind: 'services',
      upsert: [expect.objectContaining({ name: 'orders', ips: ['10.96.0.3'] })],
      remove: ['shop/billing'],
    },
  ]);
  kube.send(PODS, { type: 'ADDED', object: meta('a') }, { type: 'DELETED', object: meta('a') });
  await vi.waitUntil(() => run.pods.length > 0);
  expect(run.pods).toEqual(['-uid-a']);
});

test('tells of a node when its addresses change, not each time that its status is written', async () => {
  const kube = new MemoryKube();
  for (const [path, list] of EMPTY) kube.lists.set(path, list);
  kube.lists.set(POLICIES, ok([]));
  kube.lists.set(NODES, ok([node('n1', '172.20.1.1')]));
  await using run = watching(kube);
  await vi.waitUntil(() => told(run.messages).includes('synced') && kube.watched(NODES));
  run.messages.length = 0;
  kube.send(
    NODES,
    { type: 'MODIFIED', object: node('n1', '172.20.1.1', '2') },
    { type: 'ADDED', object: node('n2', '172.20.1.2') },
  );
  await vi.waitUntil(() => run.messages.length > 0);
  kube.send(NODES, { type: 'DELETED', object: node('n1', '172.20.1.1') });
  await vi.waitUntil(() => run.messages.length > 1);
  kube.send(NODES, { type: 'ADDED', object: node('n1', '172.20.1.1', '3') });
  await vi.waitUntil(() => run.messages.length > 2);
  expect(told(run.messages)).toEqual(['nodes +n2', 'nodes -n1', 'nodes +n1']);
});

test('splits a long list into messages of bounded size', async () => {
  const kube = new MemoryKube();
  for (const [path, list] of EMPTY) kube.lists.set(path, list);
  kube.lists.set(POLICIES, ok([]));
  kube.lists.set(
    SERVICES,
    ok(Array.from({ length: 450 }, (_, index) => service(`s${index}`, `10.96.1.${index % 250}`))),
  );
  await using run = watching(kube);
  await vi.waitUntil(() => told(run.messages).includes('synced'));
  const sizes = run.messages.map((message) => (message.kind === 'services' ? message.upsert.length : 0));
  expect(sizes).toEqual([200, 200, 50, 0]);
});

test('a bad policy is told in its own status and nowhere else', async () => {
  const kube = new MemoryKube();
  for (const [path, list] of EMPTY) kube.lists.set(path, list);
  kube.lists.set(POLICIES, ok([policy('good', 'Enforce'), policy('bad', 'Block')]));
  await using run = watching(kube);
  await vi.waitUntil(() => kube.patches.length === 2);
  expect(told(run.messages)).toContain('policies +good');
  expect(run.cluster.status()).toMatchObject({
    policies: 1,
    refused: [{ policy: 'shop/bad', inForce: null }],
  });
  expect(kube.patches).toContain('/apis/eastwall.dev/v1alpha1/namespaces/shop/apipolicies/bad/status');
});

test('policies of two kinds may have one name, each with its own status', async () => {
  const kube = new MemoryKube();
  for (const [path, list] of EMPTY) kube.lists.set(path, list);
  kube.lists.set(POLICIES, ok([policy('same', 'Block')]));
  kube.lists.set(EGRESS, ok([egressPolicy('same', 'Enforce')]));
  await using run = watching(kube);
  await vi.waitUntil(() => kube.patches.length === 2);
  expect(told(run.messages)).toContain('egress-policies +same');
  expect(run.cluster.status()).toMatchObject({
    policies: 1,
    refused: [{ kind: 'ApiPolicy', policy: 'shop/same' }],
  });
  expect(kube.patches.toSorted()).toEqual([
    '/apis/eastwall.dev/v1alpha1/namespaces/shop/apipolicies/same/status',
    '/apis/eastwall.dev/v1alpha1/namespaces/shop/egresspolicies/same/status',
  ]);
});
