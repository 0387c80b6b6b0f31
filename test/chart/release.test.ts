import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { type KubeApi, startKubeApi } from '../../agent/src/sandbox/kube-api/start-kube-api.ts';
import { ObjectStore } from '../../agent/src/sandbox/kube-api/store.ts';
import { CHART, helmInCluster, NAMESPACE, type Values } from './helm.ts';

/** Helm asks this API for everything that it asks a cluster for; no pod comes of it. */
let store: ObjectStore;
let api: KubeApi;
let home: string;

beforeAll(async () => {
  store = new ObjectStore();
  api = await startKubeApi({
    store,
    host: '127.0.0.1',
    port: 0,
    tokens: [{ token: 'secret', name: 'admin', groups: ['system:masters'] }],
  });
  home = mkdtempSync(join(tmpdir(), 'eastwall-helm-'));
  writeFileSync(join(home, 'config'), api.kubeconfig(), { mode: 0o600 });
});

afterAll(async () => {
  await api.close();
  rmSync(home, { recursive: true });
});

const release = (args: readonly string[], values: Values = {}) => helmInCluster(home, args, values);
const names = (resource: string) => store.list(resource).map(({ metadata }) => metadata.name);

function secret(name: string, key: string): string {
  const found = store.list('secrets').find(({ metadata }) => metadata.name === name);
  const data = (found?.['data'] ?? {}) as Readonly<Record<string, string>>;
  return Buffer.from(data[key] ?? '', 'base64').toString();
}

describe('a release', () => {
  let password: string;
  let token: string;

  it('is installed, and says what to do next', async () => {
    const notes = await release(['install', 'eastwall', CHART, '--create-namespace']);
    expect(notes).toContain('STATUS: deployed');
    expect(notes).toContain(`kubectl -n ${NAMESPACE} rollout status daemonset/eastwall`);
    expect(names('daemonsets.apps')).toEqual(['eastwall']);
    expect(names('customresourcedefinitions.apiextensions.k8s.io')).toContain('apipolicies.eastwall.dev');
    password = secret('eastwall-redis', 'password');
    token = secret('eastwall-metrics', 'token');
    expect([password, token]).toEqual([expect.stringMatching(/^\w{40}$/), expect.stringMatching(/^\w{40}$/)]);
    expect(secret('eastwall-redis', 'redis.conf')).toContain(`requirepass ${password}\n`);
  });

  it('keeps its secrets when it is upgraded', async () => {
    await release(['upgrade', 'eastwall', CHART], {
      redis: { embedded: { maxMemory: '64mb' } },
      settings: { drain: '1m' },
    });
    expect(secret('eastwall-redis', 'redis.conf')).toContain(`requirepass ${password}\nmaxmemory 64mb\n`);
    expect(secret('eastwall-redis', 'password')).toBe(password);
    expect(secret('eastwall-metrics', 'token')).toBe(token);
  });

  it('brings its CRDs up to date when it is upgraded, and leaves policies in them', async () => {
    store.apply({
      apiVersion: 'eastwall.dev/v1alpha1',
      kind: 'ApiPolicy',
      metadata: { name: 'kept', namespace: 'default' },
      spec: { target: { services: ['web'] }, mode: 'Audit', rules: [] },
    });
    const next = join(home, 'next');
    cpSync(CHART, next, { recursive: true });
    const file = join(next, 'files/crds/apipolicies.eastwall.dev.yaml');
    const crd = parse(readFileSync(file, 'utf8')) as { spec: { names: object } };
    const names = { ...crd.spec.names, shortNames: ['newer'] };
    writeFileSync(file, stringify({ ...crd, spec: { ...crd.spec, names } }));
    await release(['upgrade', 'eastwall', next]);
    const found = store.get(
      'customresourcedefinitions.apiextensions.k8s.io',
      undefined,
      'apipolicies.eastwall.dev',
    );
    expect(found?.['spec']).toMatchObject({ names });
    expect(store.list('apipolicies.eastwall.dev').map(({ metadata }) => metadata.name)).toEqual(['kept']);
  });

  it('takes everything with it but the CRDs, and so the policies', async () => {
    // The hook waits for a pod, which nobody runs here.
    const said = await release(['uninstall', 'eastwall', '--no-hooks']);
    expect(said).toContain('kept due to the resource policy');
    for (const resource of ['daemonsets.apps', 'statefulsets.apps', 'services', 'secrets', 'serviceaccounts'])
      expect(names(resource)).toEqual([]);
    expect(names('configmaps')).toEqual([]);
    expect(names('clusterroles.rbac.authorization.k8s.io')).toEqual([]);
    expect(names('customresourcedefinitions.apiextensions.k8s.io')).toHaveLength(3);
    expect(names('apipolicies.eastwall.dev')).toEqual(['kept']);
  });

  it('finds its CRDs again', async () => {
    expect(await release(['install', 'eastwall', CHART])).toContain('STATUS: deployed');
  });
});
