import { CoreV1Api, CustomObjectsApi, KubeConfig } from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';
import { pod, specOn } from './testing/objects.ts';
import { labelledMap, serve } from './testing/serve.ts';
import { WIDGET_CRD, widget } from './testing/widget.ts';

describe('access', () => {
  it('lets nobody in without a token it knows, and nobody past its certificate', async () => {
    await using served = await serve();
    const { api, config, core } = served;
    const strangers = new KubeConfig();
    strangers.loadFromString(api.kubeconfig().replace('token: secret', 'token: wrong'));
    await expect(strangers.makeApiClient(CoreV1Api).listNode()).rejects.toMatchObject({ code: 401 });
    await expect(core.listNode()).resolves.toMatchObject({ items: [] });
    await expect(fetch(`${api.url}/version`)).rejects.toThrow('fetch failed');
    expect(config.getCurrentUser()?.name).toBe('agent');
    expect(api.kubeconfig('someone')).toContain('token: other');
  });
});

describe('bounds', () => {
  it('refuses a body that is too large', async () => {
    await using served = await serve({ maxBodyBytes: 1000 });
    const { core } = served;
    const create = (k: string) =>
      core.createNamespacedConfigMap({ namespace: 'default', body: labelledMap('a', { k }) });
    await expect(create('x'.repeat(1000))).rejects.toMatchObject({ code: 413 });
    await expect(create('x')).resolves.toMatchObject({ data: { k: 'x' } });
  });
});

describe('objects through the client', () => {
  it('are created, read, replaced, patched and deleted', async () => {
    await using served = await serve();
    const { core } = served;
    const namespace = 'default';
    const created = await core.createNamespacedConfigMap({ namespace, body: labelledMap('a', { k: '1' }) });
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
    await using served = await serve();
    const { core, store } = served;
    for (const name of ['a', 'b', 'c', 'd']) store.apply(labelledMap(name));
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
    await using served = await serve();
    const { core, store } = served;
    store.apply(pod('one', { spec: specOn('a') }));
    store.apply(pod('two', { spec: specOn('b') }));
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
    await using served = await serve();
    const { config, store } = served;
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
