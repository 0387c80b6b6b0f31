import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { issueServerCertificate } from '../../agent/src/sandbox/kube-api/tls/certificates.ts';
import { type SandboxHandle, startSandbox } from '../../agent/src/sandbox/start-sandbox.ts';
import type { TopologyInput } from '../../agent/src/sandbox/topology/schema.ts';
import { curl, eventuallyAsync, flowsOf, statusOf } from '../support/agent.ts';

const API = 'api.example.com';
const MIRROR = 'mirror.example.net';
const FRONTEND = 'shop/frontend';
const RUNNER = 'ci/ci-runner';

const { certPem, keyPem } = issueServerCertificate([API, MIRROR], new Date());
const host = (name: string) => ({
  name,
  command: ['node', join(import.meta.dirname, 'servers', 'outside.mjs')],
  env: { CERT: certPem, KEY: keyPem },
  ports: [80, 443, 25],
});
const caller = (name: string, namespace: string) => ({
  name,
  namespace,
  node: 'node-a',
  serviceAccount: name,
  command: ['sleep', 'infinity'],
  ready: 'started' as const,
});
const TOPOLOGY: TopologyInput = {
  nodes: ['node-a', 'node-b'],
  namespaces: [{ name: 'shop' }, { name: 'ci' }],
  external: [host(API), host(MIRROR)],
  pods: [
    caller('frontend', 'shop'),
    caller('ci-runner', 'ci'),
    {
      name: 'web',
      namespace: 'shop',
      node: 'node-b',
      command: ['nginx', '-c', join(import.meta.dirname, 'servers', 'nginx.conf')],
      ports: [8080],
    },
  ],
  services: [
    { name: 'web', namespace: 'shop', selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080 }] },
  ],
};

let sandbox: SandboxHandle;
beforeAll(async () => {
  sandbox = await startSandbox({ topology: TOPOLOGY });
});
afterAll(() => sandbox?.stop());
afterEach(async () => {
  await sandbox.remove('egresspolicies.eastwall.dev', 'shop', 'out');
  await eventuallyAsync(async () => expect((await statusOf(sandbox, 'node-a')).policies).toEqual([]));
});

const RULES = [
  { name: 'api', action: 'Allow', to: [{ hosts: ['*.example.com'], ports: [443] }] },
  {
    name: 'packages',
    action: 'Allow',
    to: [{ hosts: [MIRROR], ports: [80], methods: ['GET'], path: '/packages/**' }],
  },
];

/** Applies the policy and waits until the callers' node has taken it up. */
async function apply(mode: 'Audit' | 'Enforce', about: object = {}): Promise<void> {
  const spec = { mode, rules: RULES, ...about };
  const metadata = { name: 'out', namespace: 'shop' };
  await sandbox.apply([{ apiVersion: 'eastwall.dev/v1alpha1', kind: 'EgressPolicy', metadata, spec }]);
  await eventuallyAsync(async () =>
    expect((await statusOf(sandbox, 'node-a')).policies).toMatchObject([
      { kind: 'EgressPolicy', policy: 'shop/out', mode, refused: null },
    ]),
  );
}

const greeting = (pod: string, name: string) =>
  sandbox.exec(pod, ['curl', '-s', '-m', '5', `telnet://${name}:25`], { input: '' });

const recorded = (about: object) =>
  eventuallyAsync(async () =>
    expect(await flowsOf(sandbox, 'node-a')).toContainEqual(expect.objectContaining(about)),
  );

describe('an enforced EgressPolicy', () => {
  test('lets TLS pass to the hosts it names, and resets what goes elsewhere', async () => {
    await apply('Enforce');
    expect(await curl(sandbox, FRONTEND, '-k', `https://${API}/`)).toEqual({
      status: 200,
      body: `outside: ${API}\n`,
    });
    expect(await curl(sandbox, FRONTEND, '-k', `https://${MIRROR}/`)).toMatchObject({ status: 0 });
    await recorded({ protocol: 'tls', host: MIRROR, verdict: 'deny', reason: 'no_rule_allows' });
  });

  test('denies TLS that names no host', async () => {
    await apply('Enforce');
    const { stdout } = await sandbox.exec(FRONTEND, ['getent', 'ahostsv4', API]);
    const ip = stdout.split(/\s/)[0] ?? '';
    expect(await curl(sandbox, FRONTEND, '-k', `https://${ip}/`)).toMatchObject({ status: 0 });
    await recorded({ protocol: 'tls', host: '', hostUnknown: 'no_server_name', verdict: 'deny' });
  });

  test('judges HTTP by host, method and path', async () => {
    await apply('Enforce');
    expect((await curl(sandbox, FRONTEND, `http://${MIRROR}/packages/a`)).status).toBe(200);
    expect((await curl(sandbox, FRONTEND, `http://${MIRROR}/other`)).status).toBe(403);
    expect((await curl(sandbox, FRONTEND, '-X', 'PUT', `http://${MIRROR}/packages/a`)).status).toBe(403);
    expect((await curl(sandbox, FRONTEND, '-H', 'Host: evil', `http://${MIRROR}/packages/a`)).status).toBe(
      403,
    );
  });

  test('refuses what no rule could allow before it is dialled', async () => {
    expect((await greeting(FRONTEND, API)).stdout).toContain('220 outside');
    await apply('Enforce');
    expect((await greeting(FRONTEND, API)).stdout).toBe('');
    await recorded({ protocol: 'unknown', verdict: 'deny', policy: 'shop/out' });
  });

  test('governs neither other namespaces nor the Services of the cluster', async () => {
    await apply('Enforce', { rules: [] });
    expect((await curl(sandbox, RUNNER, '-k', `https://${MIRROR}/`)).status).toBe(200);
    expect((await curl(sandbox, FRONTEND, 'http://web.shop/')).status).toBe(200);
    expect((await curl(sandbox, FRONTEND, `http://${MIRROR}/`)).status).toBe(0);
  });
});

test('an Audit policy lets everything pass and records what it would deny', async () => {
  await apply('Audit');
  expect((await curl(sandbox, FRONTEND, '-k', `https://${MIRROR}/`)).status).toBe(200);
  await recorded({ protocol: 'tls', host: MIRROR, verdict: 'would-deny', policy: 'shop/out' });
});

test('a bad policy is refused with the reason, by the API server and by the agent', async () => {
  await apply('Enforce');
  const written = (to: object) => ({
    apiVersion: 'eastwall.dev/v1alpha1',
    kind: 'EgressPolicy',
    metadata: { name: 'out', namespace: 'shop' },
    spec: { mode: 'Enforce', rules: [{ name: 'r', action: 'Allow', to: [to] }] },
  });
  const refused = await sandbox.kubectl(['apply', '-f', '-'], {
    input: JSON.stringify(written({ hosts: ['https://api.example.com'] })),
  });
  expect(refused.stderr).toContain('spec.rules[0].to[0].hosts[0]');
  await sandbox.apply([written({ cidrs: ['203.0.113.7/24'] })]);
  await eventuallyAsync(async () => {
    const status = 'jsonpath={.status.conditions[?(@.type=="Accepted")]}';
    const { stdout } = await sandbox.kubectl(['get', 'egresspolicy', '-n', 'shop', 'out', '-o', status]);
    expect(JSON.parse(stdout)).toMatchObject({
      status: 'False',
      message: expect.stringContaining('clear the bits beyond the prefix length'),
    });
  });
  expect((await curl(sandbox, FRONTEND, '-k', `https://${API}/`)).status).toBe(200);
});
