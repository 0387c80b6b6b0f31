import { describe, expect, it } from 'vitest';
import type { KubeObject, ObjectInput } from './object.ts';
import { ObjectStore } from './store.ts';
import { configMap, pod, refusal, specOn, value } from './testing/objects.ts';

const ownedBy = (...owners: readonly KubeObject[]) =>
  owners.map(({ apiVersion, kind, metadata }) => ({
    apiVersion,
    kind,
    name: metadata.name,
    uid: metadata.uid,
  }));

describe('writing', () => {
  it('fills the metadata on create and refuses a second object of the name', () => {
    const store = new ObjectStore({ now: () => new Date('2026-01-02T03:04:05.678Z'), uid: () => 'u1' });
    expect(value(store.create('pods', pod('web'))).metadata).toMatchObject({
      uid: 'u1',
      generation: 1,
      creationTimestamp: '2026-01-02T03:04:05Z',
    });
    expect(refusal(store.create('pods', pod('web')))).toBe('409 pods "web" already exists');
  });

  it('makes a name from generateName', () => {
    const store = new ObjectStore();
    const { name, generateName } = value(
      store.create('configmaps', configMap('x', { name: undefined, generateName: 'run-' })),
    ).metadata;
    expect(name).toMatch(/^run-[0-9a-f]{5}$/);
    expect(generateName).toBe('run-');
  });

  it('keeps spec and status apart, and counts generations by spec', () => {
    const store = new ObjectStore();
    store.create('pods', pod('web'));
    const status = { phase: 'Running' };
    const spec = specOn('a', 'new');
    const running = value(store.update('pods', pod('web', { spec, status }), { subresource: 'status' }));
    expect(running).toMatchObject({ metadata: { generation: 1 }, status, spec: specOn('a') });
    const changed = value(store.update('pods', pod('web', { spec, status: { phase: 'Failed' } })));
    expect(changed).toMatchObject({ metadata: { generation: 2 }, status, spec });
    const labelled = { ...changed, metadata: { ...changed.metadata, labels: { a: 'b' } } };
    expect(value(store.update('pods', labelled)).metadata.generation).toBe(2);
  });

  it('lets an update change what may change, and bind a pod, but nothing that is fixed', () => {
    const store = new ObjectStore();
    store.create('pods', pod('free', { spec: { containers: [{ name: 'main', image: 'none' }] } }));
    value(store.update('pods', pod('free', { spec: specOn('a', 'new') })));
    expect(refusal(store.update('pods', pod('free', { spec: specOn('b', 'new') })))).toContain(
      'pod updates may not change fields other than',
    );
    value(store.apply(pod('free', { spec: specOn('b', 'new') })));
    const service = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'web' },
      spec: { ports: [{ port: 80 }] },
    };
    value(store.create('services', service));
    const at = (clusterIP: string) =>
      store.update('services', { ...service, spec: { ...service.spec, clusterIP } });
    value(at('10.96.0.1'));
    expect(refusal(at('10.96.0.2'))).toContain(
      'spec.clusterIP: Invalid value: "10.96.0.2": field is immutable',
    );
  });

  it('refuses a write from an old version, or to another incarnation', () => {
    const store = new ObjectStore();
    store.create('configmaps', configMap('a'));
    expect(refusal(store.update('configmaps', configMap('a', { resourceVersion: '1' })))).toContain(
      '409 Operation cannot be fulfilled on configmaps "a": the object has been modified',
    );
    expect(refusal(store.update('configmaps', configMap('a', { uid: 'other' })))).toContain(
      'UID in precondition',
    );
    expect(refusal(store.remove('configmaps', 'default', 'a', { uid: 'other' }))).toContain(
      'UID in precondition',
    );
  });

  it('does not publish a write that changes nothing, nor a dry run', () => {
    const store = new ObjectStore();
    store.apply(pod('web'));
    const before = store.version;
    store.apply(pod('web'));
    expect(store.create('pods', pod('other'), { dryRun: true }).ok).toBe(true);
    expect(store.remove('pods', 'default', 'web', { dryRun: true }).ok).toBe(true);
    expect(store.version).toBe(before);
  });

  it('applies status too, and keeps the one there is when the new object has none', () => {
    const store = new ObjectStore();
    store.apply(pod('web', { status: { phase: 'Running' } }));
    expect(value(store.apply(pod('web', { spec: specOn('b') })))).toMatchObject({
      spec: { nodeName: 'b' },
      status: { phase: 'Running' },
    });
  });

  it.each<[string, ObjectInput, string]>([
    [
      'a bad name',
      pod('We_b'),
      '422 Pod "We_b" is invalid: metadata.name: Invalid value: "We_b": a lowercase RFC 1123 subdomain',
    ],
    [
      'a bad label',
      pod('web', { metadata: { name: 'web', labels: { a: 'b c' } } }),
      '422 Pod "web" is invalid: metadata.labels',
    ],
    [
      'a missing namespace',
      pod('web', { metadata: { name: 'web', namespace: 'nope' } }),
      '404 namespaces "nope" not found',
    ],
    [
      'a missing field',
      pod('web', { spec: {} }),
      '422 Pod "web" is invalid: spec.containers: Required value',
    ],
    ['another kind', configMap('web'), '400 the object is a ConfigMap of `v1`, not a Pod of pods'],
  ])('refuses %s', (_, object, message) => {
    expect(refusal(new ObjectStore().create('pods', object))).toContain(message);
  });

  it('takes nulls in built-in kinds for absent fields, as manifests made by tools have them', () => {
    const object = JSON.parse(
      '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","creationTimestamp":null},"data":null}',
    ) as ObjectInput;
    const stored = value(new ObjectStore().create('configmaps', object));
    expect(stored.metadata.creationTimestamp).toMatch(/^\d{4}-/);
    expect(Object.hasOwn(stored, 'data')).toBe(false);
  });

  it('fills in what a cluster fills in', () => {
    const store = new ObjectStore();
    expect(value(store.create('pods', pod('web')))).toMatchObject({
      spec: {
        restartPolicy: 'Always',
        serviceAccountName: 'default',
        containers: [{ imagePullPolicy: 'IfNotPresent' }],
      },
      status: { phase: 'Pending' },
    });
    const service = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'web' },
      spec: { ports: [{ port: 80 }] },
    };
    expect(value(store.create('services', service))).toMatchObject({
      spec: { type: 'ClusterIP', ports: [{ port: 80, targetPort: 80, protocol: 'TCP' }] },
    });
    expect(store.get('namespaces', undefined, 'default')).toMatchObject({
      metadata: { labels: { 'kubernetes.io/metadata.name': 'default' } },
      status: { phase: 'Active' },
    });
  });

  it('encodes the stringData of a secret', () => {
    const secret = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 's' },
      stringData: { token: 'abc' },
    };
    expect(value(new ObjectStore().apply(secret))).toMatchObject({ type: 'Opaque', data: { token: 'YWJj' } });
  });
});

describe('removal', () => {
  it('takes along what the object owned, and its dependents, unless they have another owner', () => {
    const store = new ObjectStore();
    const owner = value(store.apply(configMap('owner')));
    const other = value(store.apply(configMap('other')));
    const child = value(store.apply(configMap('child', { ownerReferences: ownedBy(owner) })));
    store.apply(configMap('grandchild', { ownerReferences: ownedBy(child) }));
    store.apply(configMap('shared', { ownerReferences: ownedBy(owner, other) }));
    store.remove('configmaps', 'default', 'owner');
    expect(store.list('configmaps').map((object) => object.metadata.name)).toEqual(['other', 'shared']);
    expect(store.get('configmaps', 'default', 'shared')?.metadata.ownerReferences).toEqual(ownedBy(other));
  });

  it('leaves orphans when asked to', () => {
    const store = new ObjectStore();
    const owner = value(store.apply(configMap('owner')));
    store.apply(configMap('child', { ownerReferences: ownedBy(owner) }));
    store.remove('configmaps', 'default', 'owner', { propagation: 'Orphan' });
    expect(store.get('configmaps', 'default', 'child')?.metadata.ownerReferences).toEqual([]);
  });

  it('waits for finalizers', () => {
    const store = new ObjectStore();
    store.apply(configMap('a', { finalizers: ['example.dev/hold'] }));
    const marked = value(store.remove('configmaps', 'default', 'a'));
    expect(marked.metadata.deletionTimestamp).toBeDefined();
    expect(store.get('configmaps', 'default', 'a')).toBe(marked);
    store.update('configmaps', { ...marked, metadata: { ...marked.metadata, finalizers: [] } });
    expect(store.get('configmaps', 'default', 'a')).toBeUndefined();
  });

  it('of a namespace empties it first, and takes nothing new meanwhile', () => {
    const store = new ObjectStore();
    store.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } });
    store.apply(configMap('free', { namespace: 'shop' }));
    store.apply(configMap('held', { namespace: 'shop', finalizers: ['example.dev/hold'] }));
    store.remove('namespaces', undefined, 'shop');
    expect(store.get('namespaces', undefined, 'shop')).toMatchObject({ status: { phase: 'Terminating' } });
    expect(store.list('configmaps', 'shop').map((object) => object.metadata.name)).toEqual(['held']);
    expect(refusal(store.create('configmaps', configMap('new', { namespace: 'shop' })))).toContain(
      'being terminated',
    );
    store.update('configmaps', configMap('held', { namespace: 'shop', finalizers: [] }));
    expect(store.get('namespaces', undefined, 'shop')).toBeUndefined();
  });
});

it('hands out frozen objects that share nothing with the input', () => {
  const store = new ObjectStore();
  const labels: Record<string, string> = { app: 'web' };
  store.create('pods', { ...pod('web'), metadata: { name: 'web', labels } });
  Object.assign(labels, { app: 'other' });
  const stored = store.get('pods', 'default', 'web');
  expect(stored?.metadata.labels).toEqual({ app: 'web' });
  expect(Object.isFrozen(stored?.metadata.labels)).toBe(true);
});
