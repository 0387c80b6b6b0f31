import { apiPolicyCrd } from '@eastwall/policy';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { KubeObject } from '../../agent/src/sandbox/kube-api/object.ts';
import { type KubeApi, startKubeApi } from '../../agent/src/sandbox/kube-api/start-kube-api.ts';
import { ObjectStore } from '../../agent/src/sandbox/kube-api/store.ts';
import { Kubectl } from './kubectl.ts';
import { deployment, pod, policy, rule, service } from './manifests.ts';

let store: ObjectStore;
let api: KubeApi;
let kubectl: Kubectl;

beforeAll(async () => {
  store = new ObjectStore();
  const tokens = [{ token: 'secret', name: 'tester', groups: ['testers'] }] as const;
  api = await startKubeApi({ store, host: '127.0.0.1', port: 0, tokens });
  kubectl = await Kubectl.with(api.kubeconfig());
});

afterAll(async () => {
  await kubectl?.close();
  await api?.close();
});

beforeEach(() => {
  for (const name of ['pods', 'services', 'deployments.apps', 'jobs.batch', 'events']) {
    for (const object of store.list(name))
      store.remove(name, object.metadata.namespace, object.metadata.name);
  }
});

function stored(resource: string, name: string, namespace = 'default'): KubeObject {
  const object = store.get(resource, namespace, name);
  if (object === undefined) throw new Error(`no ${resource} ${name}`);
  return object;
}

/** Writes as a controller does: to the newest version, and it has to work. */
function change(
  resource: string,
  name: string,
  fields: Readonly<Record<string, unknown>>,
  metadata: object = {},
): void {
  const current = stored(resource, name);
  const next = { ...current, ...fields, metadata: { ...current.metadata, ...metadata } };
  const subresource = Object.hasOwn(fields, 'status') ? { subresource: 'status' as const } : {};
  const written = store.update(resource, next, subresource);
  if (!written.ok) throw new Error(written.error.message);
}

const APPLY = ['apply', '-f', '-'];

describe('built-in kinds', () => {
  it('apply creates, then changes what differs and no more', async () => {
    const first = deployment(1, [
      { name: 'A', value: '1' },
      { name: 'B', value: '2' },
    ]);
    expect(await kubectl.ok(APPLY, first)).toBe('deployment.apps/orders created\n');
    expect(await kubectl.ok(APPLY, first)).toBe('deployment.apps/orders unchanged\n');
    const second = deployment(3, [{ name: 'B', value: '3' }]);
    expect(await kubectl.ok(APPLY, second)).toBe('deployment.apps/orders configured\n');
    expect(stored('deployments.apps', 'orders')).toMatchObject({
      metadata: { generation: 2 },
      spec: {
        replicas: 3,
        template: {
          spec: { containers: [{ name: 'main', image: 'orders', env: [{ name: 'B', value: '3' }] }] },
        },
      },
    });
  });

  it('apply merges containers by name, keeping what others have set', async () => {
    await kubectl.ok(APPLY, pod('one'));
    change('pods', 'web', {}, { labels: { app: 'web', by: 'controller' } });
    expect(await kubectl.ok(APPLY, pod('two', { app: 'shop' }))).toBe('pod/web configured\n');
    expect(stored('pods', 'web')).toMatchObject({
      metadata: { labels: { app: 'shop', by: 'controller' } },
      spec: {
        containers: [
          { name: 'main', image: 'two' },
          { name: 'side', image: 'side' },
        ],
      },
    });
  });

  it('apply --server-side creates, changes, takes away, and minds other appliers', async () => {
    const apply = (manager: string, spec: object, ...more: readonly string[]) =>
      kubectl.run([...APPLY, '--server-side', `--field-manager=${manager}`, ...more], {
        ...service,
        spec: { ports: service.spec.ports, ...spec },
      });
    const first = await apply('one', { clusterIP: '10.96.0.10', selector: { app: 'web', tier: 'front' } });
    expect(first).toMatchObject({ code: 0, stdout: 'service/web serverside-applied\n' });
    await apply('one', { clusterIP: '10.96.0.10', selector: { app: 'web' } });
    expect(stored('services', 'web')['spec']).toMatchObject({
      clusterIP: '10.96.0.10',
      selector: { app: 'web' },
    });
    const disputed = await apply('two', { selector: { app: 'shop' } });
    expect(disputed.stderr).toContain('conflict with "one": .spec.selector');
    await apply('two', { selector: { app: 'shop' } }, '--force-conflicts');
    expect(stored('services', 'web')['spec']).toMatchObject({
      clusterIP: '10.96.0.10',
      selector: { app: 'shop' },
    });
  });

  it('apply tells about a field that does not exist', async () => {
    const typo = { ...pod('one'), spec: { ...pod('one').spec, nodeNme: 'a' } };
    const { stderr } = await kubectl.run(APPLY, typo);
    expect(stderr).toContain('unknown field "spec.nodeNme"');
  });

  it('get prints tables, wide and by selector', async () => {
    await kubectl.ok(APPLY, pod('one'));
    const status = {
      phase: 'Running',
      podIP: '10.1.0.4',
      containerStatuses: [
        { name: 'main', ready: true, restartCount: 0, image: 'one', imageID: '' },
        { name: 'side', ready: true, restartCount: 2, image: 'side', imageID: '' },
      ],
    };
    change('pods', 'web', { status });
    const [head = '', row = ''] = (await kubectl.ok(['get', 'pods', '-o', 'wide'])).split('\n');
    expect(head.split(/\s{2,}/).slice(0, 7)).toEqual([
      'NAME',
      'READY',
      'STATUS',
      'RESTARTS',
      'AGE',
      'IP',
      'NODE',
    ]);
    expect(row.split(/\s+/).filter((_, column) => column !== 4)).toEqual(
      expect.arrayContaining(['web', '2/2', 'Running', '2', '10.1.0.4', 'node-a']),
    );
    expect(await kubectl.ok(['get', 'po', '-o', 'name', '-l', 'app in (web,db)'])).toBe('pod/web\n');
    expect(await kubectl.ok(['get', 'po', '-A', '-o', 'name', '--field-selector=spec.nodeName=node-b'])).toBe(
      '',
    );
    expect(await kubectl.ok(['get', 'all', '-o', 'name'])).toBe('pod/web\n');
  });

  it('get -w prints a line for every change', async () => {
    await kubectl.ok(APPLY, pod('one'));
    const following = kubectl.follow(['get', 'pods', '-w', '--no-headers']);
    const statuses = () => following.lines.map((line) => line.split(/\s+/)[2]);
    await vi.waitFor(() => expect(statuses()).toEqual(['Pending']), { timeout: 20_000 });
    for (const phase of ['Running', 'Succeeded']) {
      change('pods', 'web', { status: { phase } });
      await vi.waitFor(() => expect(statuses().at(-1)).toBe(phase), { timeout: 20_000 });
    }
    expect(statuses()).toEqual(['Pending', 'Running', 'Succeeded']);
    await following.stop();
  });

  it('describe shows the object and its events', async () => {
    await kubectl.ok(APPLY, pod('one'));
    await kubectl.ok(APPLY, service);
    store.apply({
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: 'web.1', namespace: 'default' },
      involvedObject: {
        kind: 'Pod',
        namespace: 'default',
        name: 'web',
        uid: stored('pods', 'web').metadata.uid,
      },
      type: 'Warning',
      reason: 'Quarantined',
      message: 'the wall says no',
      count: 1,
      firstTimestamp: '2026-01-01T00:00:00Z',
      lastTimestamp: '2026-01-01T00:00:00Z',
    });
    const described = await kubectl.ok(['describe', 'pod', 'web']);
    expect(described).toMatch(/Name: +web\n/);
    expect(described).toMatch(/Port: +80\/TCP/);
    expect(described).toMatch(/Warning +Quarantined .*the wall says no/);
    expect(await kubectl.ok(['describe', 'service', 'web'])).toMatch(/IP: +10\.96\.0\.10/);
  });

  it('delete waits until a finalizer lets go', async () => {
    await kubectl.ok(APPLY, pod('one'));
    change('pods', 'web', {}, { finalizers: ['eastwall.dev/test'] });
    let done = false;
    const deleted = kubectl.ok(['delete', 'pod', 'web']).then((output) => {
      done = true;
      return output;
    });
    await vi.waitFor(() => expect(stored('pods', 'web').metadata.deletionTimestamp).toBeDefined(), {
      timeout: 20_000,
    });
    expect(await kubectl.ok(['get', 'pods', '--no-headers'])).toContain('Terminating');
    expect(done).toBe(false);
    change('pods', 'web', {}, { finalizers: [] });
    expect(await deleted).toContain('pod "web" deleted');
    expect(store.list('pods')).toEqual([]);
  });

  it('label, patch and set image change one thing', async () => {
    await kubectl.ok(APPLY, deployment(1, []));
    await kubectl.ok(['label', 'deployment', 'orders', 'team=shop']);
    await kubectl.ok(['patch', 'deployment', 'orders', '-p', '{"spec":{"paused":true}}']);
    await kubectl.ok(['set', 'image', 'deployment/orders', 'main=orders:2']);
    expect(stored('deployments.apps', 'orders')).toMatchObject({
      metadata: { labels: { team: 'shop' } },
      spec: { paused: true, replicas: 1, template: { spec: { containers: [{ image: 'orders:2' }] } } },
    });
  });

  it('create makes every kind that it can make without a file', async () => {
    const make = (...args: readonly string[]) => kubectl.ok(['create', ...args]);
    await make('deployment', 'made', '--image=nginx', '--replicas=0', '--port=80', '--', 'serve', '--fast');
    await make('service', 'clusterip', 'made', '--tcp=80:http');
    await make('job', 'made', '--image=busybox', '--', 'true');
    await make('secret', 'generic', 'made', '--from-literal=key=value');
    await make('serviceaccount', 'made');
    await make('rolebinding', 'made', '--clusterrole=view', '--group=g', '--serviceaccount=default:made');
    expect(stored('deployments.apps', 'made')).toMatchObject({
      spec: {
        replicas: 0,
        selector: { matchLabels: { app: 'made' } },
        template: {
          spec: {
            containers: [{ name: 'nginx', ports: [{ containerPort: 80 }], command: ['serve', '--fast'] }],
          },
        },
      },
    });
    expect(stored('services', 'made')).toMatchObject({
      spec: { type: 'ClusterIP', ports: [{ port: 80, targetPort: 'http' }], selector: { app: 'made' } },
    });
    expect(stored('secrets', 'made')).toMatchObject({ data: { key: 'dmFsdWU=' } });
    expect(stored('jobs.batch', 'made')).toMatchObject({
      spec: { template: { spec: { restartPolicy: 'Never' } } },
    });
    expect(stored('serviceaccounts', 'made').metadata.name).toBe('made');
    expect(stored('rolebindings.rbac.authorization.k8s.io', 'made')).toMatchObject({
      subjects: [
        { kind: 'Group', apiGroup: 'rbac.authorization.k8s.io', name: 'g' },
        { kind: 'ServiceAccount', name: 'made', namespace: 'default' },
      ],
      roleRef: { kind: 'ClusterRole', name: 'view' },
    });
  });

  it('answers what the user may do', async () => {
    expect(await kubectl.ok(['auth', 'can-i', 'delete', 'pods'])).toBe('yes\n');
    expect(await kubectl.ok(['get', '--raw', '/readyz'])).toBe('ok');
  });

  it('creates a namespace, and deletes it with what is in it', async () => {
    await kubectl.ok(['create', 'namespace', 'shop']);
    await kubectl.ok(['-n', 'shop', 'create', 'configmap', 'settings', '--from-literal=mode=fast']);
    expect(stored('configmaps', 'settings', 'shop')).toMatchObject({ data: { mode: 'fast' } });
    await kubectl.ok(['delete', 'namespace', 'shop']);
    expect(store.list('configmaps', 'shop')).toEqual([]);
  });
});

describe('ApiPolicy', () => {
  beforeAll(async () => {
    await kubectl.ok(APPLY, apiPolicyCrd());
    await kubectl.ok([
      'wait',
      '--for=condition=Established',
      'crd/apipolicies.eastwall.dev',
      '--timeout=10s',
    ]);
  });

  it('is found by its short name and its category', async () => {
    const resources = await kubectl.ok(['api-resources', '--api-group=eastwall.dev', '--no-headers']);
    expect(resources.split(/\s+/)).toEqual(expect.arrayContaining(['apipolicies', 'ApiPolicy', 'true']));
    expect(await kubectl.ok(['get', 'eastwall', '-A', '-o', 'name'])).toBe('');
  });

  it('is applied twice, shown, described and deleted', async () => {
    expect(await kubectl.ok(APPLY, policy('Audit', [rule('read')]))).toBe(
      'apipolicy.eastwall.dev/billing created\n',
    );
    const changed = policy('Enforce', [rule('read'), rule('block', 'Deny')]);
    expect(await kubectl.ok(APPLY, changed)).toBe('apipolicy.eastwall.dev/billing configured\n');
    expect(stored('apipolicies.eastwall.dev', 'billing')).toMatchObject({
      metadata: { generation: 2 },
      spec: changed.spec,
    });
    const condition = {
      type: 'Accepted',
      status: 'True',
      reason: 'Valid',
      message: 'in force',
      lastTransitionTime: '2026-01-01T00:00:00Z',
    };
    change('apipolicies.eastwall.dev', 'billing', { status: { conditions: [condition] } });
    const [head = '', row = ''] = (await kubectl.ok(['get', 'apipolicies'])).split('\n');
    expect(head.split(/\s{2,}/)).toEqual(['NAME', 'MODE', 'ACCEPTED', 'AGE']);
    expect(row.split(/\s+/).slice(0, 3)).toEqual(['billing', 'Enforce', 'True']);
    expect(await kubectl.ok(['describe', 'apipolicy', 'billing'])).toMatch(/Path: +\/invoices\/\{id:int\}/);
    expect(
      await kubectl.ok(['wait', '--for=condition=Accepted', 'apipolicy/billing', '--timeout=10s']),
    ).toContain('met');
    await kubectl.ok(['delete', 'apipolicy', 'billing']);
    expect(store.list('apipolicies.eastwall.dev')).toEqual([]);
  });

  it('is refused when its schema says no, with the field', async () => {
    expect(await kubectl.refusal(APPLY, policy('Sing', []))).toContain(
      'spec.mode: Unsupported value: "Sing"',
    );
    expect(await kubectl.refusal(APPLY, policy('Audit', [rule('twice'), rule('twice')]))).toContain(
      'Duplicate value',
    );
    const typo = policy('Audit', [{ ...rule('read'), form: [] }]);
    expect(await kubectl.refusal(APPLY, typo)).toMatch(/unknown field "(spec\.rules\[0\]\.)?form"/);
    expect(store.list('apipolicies.eastwall.dev')).toEqual([]);
  });

  it('is watched', async () => {
    const following = kubectl.follow(['get', 'apipolicies', '-w', '--no-headers']);
    await vi.waitFor(
      async () => {
        await kubectl.ok(APPLY, policy('Audit', []));
        expect(following.lines.length).toBeGreaterThan(0);
      },
      { timeout: 20_000 },
    );
    await kubectl.ok(APPLY, policy('Enforce', []));
    await vi.waitFor(() => expect(following.lines.at(-1)).toMatch(/^billing +Enforce/), { timeout: 20_000 });
    await following.stop();
    await kubectl.ok(['delete', 'apipolicy', 'billing']);
  });

  it('is explained', async () => {
    expect(await kubectl.ok(['explain', 'apipolicy.spec.mode'])).toContain('denies what no rule allows');
  });
});
