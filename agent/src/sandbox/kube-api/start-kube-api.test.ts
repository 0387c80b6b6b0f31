import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { get } from 'node:https';
import {
  CoreV1Api as Core,
  type CoreV1Api,
  CustomObjectsApi,
  KubeConfig,
  makeInformer,
  type V1ConfigMap,
  Watch,
} from '@kubernetes/client-node';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { ObjectInput } from './object.ts';
import { type KubeApi, type KubeApiOptions, startKubeApi } from './start-kube-api.ts';
import { ObjectStore, type StoreOptions } from './store.ts';
import { WIDGET_CRD, widget } from './testing/widget.ts';

const running: KubeApi[] = [];
afterEach(async () => {
  for (const api of running.splice(0)) await api.close();
});

async function start(
  settings: NonNullable<KubeApiOptions['settings']> = {},
  storeOptions: StoreOptions = {},
) {
  const store = new ObjectStore(storeOptions);
  const api = await startKubeApi({
    store,
    host: '127.0.0.1',
    port: 0,
    tokens: [
      { token: 'secret', name: 'agent', groups: ['system:nodes'] },
      { token: 'other', name: 'someone', groups: [] },
    ],
    settings,
  });
  running.push(api);
  const config = new KubeConfig();
  config.loadFromString(api.kubeconfig());
  return { store, api, config, core: config.makeApiClient(Core) };
}

const configMap = (name: string, data: Record<string, string> = {}, labels: Record<string, string> = {}) =>
  ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace: 'default', labels },
    data,
  }) satisfies ObjectInput;

const podOn = (name: string, nodeName: string): ObjectInput => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'default' },
  spec: { nodeName, containers: [{ name: 'main', image: 'none' }] },
});

interface Seen {
  readonly type: string;
  readonly name: string;
  readonly object: { readonly metadata: { readonly resourceVersion: string }; readonly code?: number };
}

/** Watches `path` and collects what comes; `ended` resolves with the client's closing error, or null. */
async function watch(config: KubeConfig, path: string, query: Record<string, string>) {
  const seen: Seen[] = [];
  const { promise: ended, resolve } = Promise.withResolvers<unknown>();
  const controller = await new Watch(config).watch(
    path,
    query,
    (type, object) => seen.push({ type, name: object.metadata?.name, object }),
    resolve,
  );
  return { seen, ended, stop: () => controller.abort() };
}

const names = (seen: readonly Seen[]) => seen.map(({ type, name }) => `${type} ${name}`);

describe('access', () => {
  it('lets nobody in without a token it knows, and nobody past its certificate', async () => {
    const { api, config, core } = await start();
    const strangers = new KubeConfig();
    strangers.loadFromString(api.kubeconfig().replace('token: secret', 'token: wrong'));
    await expect(strangers.makeApiClient(Core).listNode()).rejects.toMatchObject({ code: 401 });
    await expect(core.listNode()).resolves.toMatchObject({ items: [] });
    await expect(fetch(`${api.url}/version`)).rejects.toThrow('fetch failed');
    expect(config.getCurrentUser()?.name).toBe('agent');
    expect(api.kubeconfig('someone')).toContain('token: other');
  });
});

describe('bounds', () => {
  it('refuses a body that is too large', async () => {
    const { core } = await start({ maxBodyBytes: 1000 });
    const create = (k: string) =>
      core.createNamespacedConfigMap({ namespace: 'default', body: configMap('a', { k }) });
    await expect(create('x'.repeat(1000))).rejects.toMatchObject({ code: 413 });
    await expect(create('x')).resolves.toMatchObject({ data: { k: 'x' } });
  });
});

describe('objects through the client', () => {
  it('are created, read, replaced, patched and deleted', async () => {
    const { core } = await start();
    const namespace = 'default';
    const created = await core.createNamespacedConfigMap({ namespace, body: configMap('a', { k: '1' }) });
    expect(created.metadata?.uid).toBeDefined();
    const replaced = await core.replaceNamespacedConfigMap({
      namespace,
      name: 'a',
      body: { ...created, data: { k: '2' } },
    });
    expect(replaced.data).toEqual({ k: '2' });
    await expect(
      core.replaceNamespacedConfigMap({ namespace, name: 'a', body: { ...created, data: { k: '3' } } }),
    ).rejects.toMatchObject({ code: 409 });
    const patched = await core.patchNamespacedConfigMap({
      namespace,
      name: 'a',
      body: [{ op: 'add', path: '/data/extra', value: 'x' }],
    });
    expect(patched.data).toEqual({ k: '2', extra: 'x' });
    await core.deleteNamespacedConfigMap({ namespace, name: 'a' });
    await expect(core.readNamespacedConfigMap({ namespace, name: 'a' })).rejects.toMatchObject({ code: 404 });
  });

  it('are listed in chunks that agree with each other, until their version is forgotten', async () => {
    const { core, store } = await start();
    for (const name of ['a', 'b', 'c', 'd']) store.apply(configMap(name));
    const first = await core.listConfigMapForAllNamespaces({ limit: 2 });
    expect(first.items.map((item) => item.metadata?.name)).toEqual(['a', 'b']);
    expect(first.metadata?.remainingItemCount).toBe(2);
    store.remove('configmaps', 'default', 'c');
    const _continue = first.metadata?._continue ?? '';
    const second = await core.listConfigMapForAllNamespaces({ limit: 2, _continue });
    expect(second.items.map((item) => item.metadata?.name)).toEqual(['c', 'd']);
    expect(second.metadata?.resourceVersion).toBe(first.metadata?.resourceVersion);
    store.compact();
    await expect(core.listConfigMapForAllNamespaces({ limit: 2, _continue })).rejects.toMatchObject({
      code: 410,
    });
  });

  it('are selected by labels and fields', async () => {
    const { core, store } = await start();
    store.apply(podOn('one', 'a'));
    store.apply(podOn('two', 'b'));
    const onA = await core.listPodForAllNamespaces({ fieldSelector: 'spec.nodeName=a,status.phase!=Failed' });
    expect(onA.items.map((item) => item.metadata?.name)).toEqual(['one']);
    await expect(core.listPodForAllNamespaces({ fieldSelector: 'spec.colour=red' })).rejects.toMatchObject({
      code: 400,
    });
    await expect(core.listPodForAllNamespaces({ labelSelector: 'a in b' })).rejects.toMatchObject({
      code: 400,
    });
  });

  it('keep status writes and other writes apart', async () => {
    const { config, store } = await start();
    store.apply(WIDGET_CRD);
    store.apply(widget('w'));
    const custom = config.makeApiClient(CustomObjectsApi);
    const target = {
      group: 'example.dev',
      version: 'v1alpha1',
      namespace: 'default',
      plural: 'widgets',
      name: 'w',
    };
    const conditions = [{ type: 'Ready', status: 'True' }];
    await custom.patchNamespacedCustomObjectStatus({
      ...target,
      body: [
        { op: 'add', path: '/status', value: { conditions } },
        { op: 'replace', path: '/spec/mode', value: 'Enforce' },
      ],
    });
    expect(store.get('widgets.example.dev', 'default', 'w')).toMatchObject({
      metadata: { generation: 1 },
      spec: { mode: 'Audit' },
      status: { conditions },
    });
    await expect(
      custom.patchNamespacedCustomObject({
        ...target,
        body: [{ op: 'replace', path: '/spec/mode', value: 'Sing' }],
      }),
    ).rejects.toMatchObject({ code: 422 });
  });
});

describe('watch', () => {
  const path = '/api/v1/configmaps';

  it('goes on from the version of a list, in order', async () => {
    const { config, store } = await start();
    store.apply(configMap('before'));
    const from = String(store.version);
    store.apply(configMap('missed'));
    const { seen, stop } = await watch(config, path, { resourceVersion: from });
    store.apply(configMap('missed', { k: 'v' }));
    store.remove('configmaps', 'default', 'before');
    await vi.waitFor(() =>
      expect(names(seen)).toEqual(['ADDED missed', 'MODIFIED missed', 'DELETED before']),
    );
    expect(seen.at(-1)?.object.metadata.resourceVersion).toBe(String(store.version));
    stop();
  });

  it('starts with the present when it is given no version, and marks where that ends when asked', async () => {
    const { config, store } = await start();
    store.apply(configMap('a'));
    const plain = await watch(config, path, {});
    const marked = await watch(config, path, {
      sendInitialEvents: 'true',
      resourceVersionMatch: 'NotOlderThan',
      allowWatchBookmarks: 'true',
    });
    await vi.waitFor(() => expect(names(plain.seen)).toEqual(['ADDED a']));
    await vi.waitFor(() => expect(marked.seen.map(({ type }) => type)).toEqual(['ADDED', 'BOOKMARK']));
    expect(marked.seen[1]?.object.metadata).toMatchObject({
      annotations: { 'k8s.io/initial-events-end': 'true' },
    });
    plain.stop();
    marked.stop();
  });

  it('shows an object that starts to match as added, and one that stops as deleted', async () => {
    const { config, store } = await start();
    const resourceVersion = String(store.version);
    const { seen, stop } = await watch(config, path, { resourceVersion, labelSelector: 'app=web' });
    store.apply(configMap('a', {}, { app: 'db' }));
    store.apply(configMap('a', { k: '1' }, { app: 'web' }));
    store.apply(configMap('a', { k: '2' }, { app: 'web' }));
    store.apply(configMap('a', { k: '3' }, { app: 'db' }));
    store.remove('configmaps', 'default', 'a');
    store.apply(configMap('end', {}, { app: 'web' }));
    await vi.waitFor(() => expect(names(seen)).toEqual(['ADDED a', 'MODIFIED a', 'DELETED a', 'ADDED end']));
    expect(seen[2]?.object).toMatchObject({ data: { k: '2' }, metadata: { labels: { app: 'web' } } });
    stop();
  });

  it('ends in good order after its timeout, with a bookmark to go on from', async () => {
    const { config, store } = await start();
    const { seen, ended } = await watch(config, path, {
      resourceVersion: String(store.version),
      allowWatchBookmarks: 'true',
      timeoutSeconds: '1',
    });
    store.apply(podOn('elsewhere', 'a'));
    expect(await ended).toBeNull();
    expect(seen).toMatchObject([
      { type: 'BOOKMARK', object: { metadata: { resourceVersion: String(store.version) } } },
    ]);
  });

  it('sends bookmarks as time goes by, to those who allow them', async () => {
    const { config, store } = await start({ bookmarkIntervalMs: 5 });
    const resourceVersion = String(store.version);
    const plain = await watch(config, path, { resourceVersion });
    const marked = await watch(config, path, { resourceVersion, allowWatchBookmarks: 'true' });
    await vi.waitFor(() => expect(marked.seen.length).toBeGreaterThan(2));
    expect(new Set(marked.seen.map(({ type }) => type))).toEqual(new Set(['BOOKMARK']));
    expect(plain.seen).toEqual([]);
    plain.stop();
    marked.stop();
  });

  it('is cut off when its reader does not read', async () => {
    const { api, store } = await start({ maxWatchBufferBytes: 100_000 });
    const { promise: opened, resolve } = Promise.withResolvers<IncomingMessage>();
    const headers = { authorization: 'Bearer secret' };
    const request = get(`${api.url}${path}?watch=true`, { ca: api.caPem, headers }, resolve);
    const response = await opened;
    response.pause();
    request.on('error', () => {});
    const closed = once(request, 'close');
    const filler = 'x'.repeat(500_000);
    // More than the kernel buffers for a connection on loopback, whatever its settings.
    for (let i = 0; i < 60; i++) store.apply(configMap('big', { filler, i: String(i) }));
    await closed;
    expect(api.dropWatches()).toBe(0);
  });

  it.each(['event', 'http'] as const)('refuses a forgotten version as %s', async (expiredWatch) => {
    const { config, store } = await start({ expiredWatch }, { historyLimit: 1 });
    const resourceVersion = String(store.version);
    for (const name of ['a', 'b', 'c']) store.apply(configMap(name));
    const { seen, ended } = await watch(config, path, { resourceVersion });
    const error = await ended;
    if (expiredWatch === 'http') expect(error).toMatchObject({ statusCode: 410 });
    else expect(seen).toMatchObject([{ type: 'ERROR', object: { code: 410, reason: 'Expired' } }]);
  });

  it('refuses a version that is yet to come', async () => {
    const { config } = await start();
    const { ended } = await watch(config, path, { resourceVersion: '999999' });
    expect(await ended).toMatchObject({ statusCode: 504 });
  });
});

describe('an informer', () => {
  function follow(config: KubeConfig, core: CoreV1Api) {
    const lists: number[] = [];
    const informer = makeInformer<V1ConfigMap>(config, '/api/v1/configmaps', async () => {
      const list = await core.listConfigMapForAllNamespaces();
      lists.push(list.items.length);
      return list;
    });
    const known = () =>
      informer
        .list()
        .map((item) => item.metadata?.name)
        .toSorted();
    return { informer, lists, known };
  }

  it('keeps up through dropped watches and forgotten versions', async () => {
    const { api, config, core, store } = await start();
    const { informer, lists, known } = follow(config, core);
    store.apply(configMap('a'));
    await informer.start();
    store.apply(configMap('b'));
    await vi.waitFor(() => expect(known()).toEqual(['a', 'b']));
    expect(lists).toEqual([1]);
    informer.on('error', () => void informer.start());
    store.remove('configmaps', 'default', 'a');
    await vi.waitFor(() => expect(known()).toEqual(['b']));
    // Writes that it can't see any more: only listing again brings them.
    api.pause();
    expect(api.dropWatches()).toBe(1);
    store.apply(configMap('c'));
    store.remove('configmaps', 'default', 'b');
    store.compact();
    api.resume();
    await vi.waitFor(() => expect(known()).toEqual(['c']), { timeout: 10_000 });
    expect(lists.length).toBeGreaterThan(1);
    await informer.stop();
  }, 20_000);
});

describe('a restart', () => {
  it('on the same port, with the same certificate, is just an outage to clients', async () => {
    const { api, core, store } = await start();
    store.apply(configMap('a'));
    expect((await core.listConfigMapForAllNamespaces()).items).toHaveLength(1);
    await api.close();
    await expect(core.listConfigMapForAllNamespaces()).rejects.toThrow();
    const again = await startKubeApi({
      store,
      host: '127.0.0.1',
      port: Number(new URL(api.url).port),
      tokens: [{ token: 'secret', name: 'agent', groups: [] }],
      certificate: api.certificate,
    });
    running.push(again);
    expect(again.url).toBe(api.url);
    expect((await core.listConfigMapForAllNamespaces()).items).toHaveLength(1);
  });
});

describe('pause', () => {
  it('holds answers and events back until it is over', async () => {
    const { api, config, core, store } = await start();
    const { seen, stop } = await watch(config, '/api/v1/configmaps', {
      resourceVersion: String(store.version),
    });
    api.pause();
    let answered = false;
    const list = core.listConfigMapForAllNamespaces().then((answer) => {
      answered = true;
      return answer;
    });
    store.apply(configMap('a'));
    // Another server answers in the meantime, so this one has had its chance.
    const other = await start();
    await other.core.listNode();
    expect(answered).toBe(false);
    expect(seen).toEqual([]);
    api.resume();
    expect((await list).items).toHaveLength(1);
    await vi.waitFor(() => expect(names(seen)).toEqual(['ADDED a']));
    stop();
  });
});
