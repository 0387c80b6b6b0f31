import { type CoreV1Api, type KubeConfig, makeInformer, type V1ConfigMap } from '@kubernetes/client-node';
import { describe, expect, it, vi } from 'vitest';
import { startKubeApi } from './start-kube-api.ts';
import { labelledMap, names, serve, watch } from './testing/serve.ts';

/** How long a state may take to come on a busy machine; a deadline, not a measure. */
const SOON = { timeout: 15_000 };

describe('an informer', { timeout: 30_000 }, () => {
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
    await using served = await serve();
    const { api, config, core, store } = served;
    const { informer, lists, known } = follow(config, core);
    store.apply(labelledMap('a'));
    await informer.start();
    store.apply(labelledMap('b'));
    await vi.waitFor(() => expect(known()).toEqual(['a', 'b']), SOON);
    expect(lists).toEqual([1]);
    informer.on('error', () => void informer.start());
    store.remove('configmaps', 'default', 'a');
    await vi.waitFor(() => expect(known()).toEqual(['b']), SOON);
    // Writes that it can't see any more: only listing again brings them.
    api.pause();
    expect(api.dropWatches()).toBe(1);
    store.apply(labelledMap('c'));
    store.remove('configmaps', 'default', 'b');
    store.compact();
    api.resume();
    await vi.waitFor(() => expect(known()).toEqual(['c']), SOON);
    expect(lists.length).toBeGreaterThan(1);
    await informer.stop();
  });
});

describe('a restart', { timeout: 30_000 }, () => {
  it('on the same port, with the same certificate, is just an outage to clients', async () => {
    await using served = await serve();
    const { api, core, store } = served;
    store.apply(labelledMap('a'));
    expect((await core.listConfigMapForAllNamespaces()).items).toHaveLength(1);
    await api.close();
    await expect(core.listConfigMapForAllNamespaces()).rejects.toThrow();
    await using again = await startKubeApi({
      store,
      host: '127.0.0.1',
      port: Number(new URL(api.url).port),
      tokens: [{ token: 'secret', name: 'agent', groups: [] }],
      certificate: api.certificate,
    });
    expect(again.url).toBe(api.url);
    expect((await core.listConfigMapForAllNamespaces()).items).toHaveLength(1);
  });
});

describe('pause', { timeout: 30_000 }, () => {
  it('holds answers and events back until it is over', async () => {
    await using served = await serve();
    const { api, config, core, store } = served;
    const { seen, stop } = await watch(config, '/api/v1/configmaps', {
      resourceVersion: String(store.version),
    });
    api.pause();
    let answered = false;
    const list = core.listConfigMapForAllNamespaces().then((answer) => {
      answered = true;
      return answer;
    });
    store.apply(labelledMap('a'));
    // Another server answers in the meantime, so this one has had its chance.
    await using other = await serve();
    await other.core.listNode();
    expect(answered).toBe(false);
    expect(seen).toEqual([]);
    api.resume();
    expect((await list).items).toHaveLength(1);
    await vi.waitFor(() => expect(names(seen)).toEqual(['ADDED a']), SOON);
    stop();
  });
});
