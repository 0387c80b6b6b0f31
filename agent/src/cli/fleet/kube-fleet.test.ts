import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { KubeConfig } from '@kubernetes/client-node';
import { afterEach, describe, expect, it } from 'vitest';
import { type FakeAgent, fakeAgent } from '../../../testing/agent-link.ts';
import { aTerminal } from '../../../testing/terminal.ts';
import type { DialPod } from '../../sandbox/kube-api/http/port-forward.ts';
import { serve } from '../../sandbox/kube-api/testing/serve.ts';
import { EXIT } from '../terminal.ts';
import { askAgents, exitOf } from './ask-agents.ts';
import { kubeFleet } from './kube-fleet.ts';

const closing: (FakeAgent | Server)[] = [];
afterEach(() => {
  for (const one of closing.splice(0)) one.close();
});

const LABELS = { 'app.kubernetes.io/name': 'eastwall', 'app.kubernetes.io/component': 'agent' };

const agentPod = (name: string, nodeName: string, more: { ports?: object[]; labels?: object } = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { namespace: 'eastwall-system', name, labels: { ...LABELS, ...more.labels } },
  spec: { nodeName, containers: [{ name: 'agent', image: 'none', ports: more.ports ?? [] }] },
});

/** A cluster whose pods all lead to one agent; `dialled` says which ports of which. */
async function cluster(pods: readonly ReturnType<typeof agentPod>[], answer: RequestListener) {
  const agent = await fakeAgent('', answer);
  closing.push(agent);
  const dialled: string[] = [];
  const dial: DialPod = async ({ name }, port) => {
    dialled.push(`${name}:${port}`);
    if (name === 'deaf') throw new Error('connect ECONNREFUSED');
    const socket = connect(agent.port, '127.0.0.1');
    await once(socket, 'connect');
    return socket;
  };
  const served = await serve({}, {}, { dial });
  served.store.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'eastwall-system' } });
  for (const pod of pods) {
    served.store.apply(pod);
    const { metadata } = pod;
    const phase = metadata.name === 'new' ? 'Pending' : 'Running';
    const stored = served.store.get('pods', metadata.namespace, metadata.name);
    if (stored !== undefined)
      served.store.update('pods', { ...stored, status: { phase } }, { subresource: 'status' });
  }
  return { ...served, dialled, [Symbol.asyncDispose]: () => served.api.close() };
}

const ask = async (fleet: ReturnType<typeof kubeFleet>) => {
  const { terminal, written } = aTerminal();
  const signal = new AbortController().signal;
  const found = await askAgents({ fleet, terminal, signal, timeoutMs: 20_000 }, '/status', () => {});
  return { ...found, code: exitOf(found), error: written.error };
};

describe('the agents of a cluster', () => {
  it('are found by label and asked at loopback in their pods, each by its node in order', async () => {
    const pods = [
      agentPod('two', 'node-b', { ports: [{ name: 'admin', containerPort: 7 }] }),
      agentPod('one', 'node-a'),
      agentPod('redis', 'node-a', { labels: { 'app.kubernetes.io/component': 'redis' } }),
    ];
    const big = 'x'.repeat(300_000);
    await using made = await cluster(pods, ({ url }, response) => response.end(JSON.stringify({ url, big })));
    const { answers, code, error } = await ask(kubeFleet({}, made.config));
    expect(answers).toEqual([
      { url: '/status', big },
      { url: '/status', big },
    ]);
    expect(made.dialled.sort()).toEqual(['one:9465', 'two:7']);
    expect([code, error]).toEqual([EXIT.ok, '']);
    expect(await kubeFleet({ node: 'node-b' }, made.config).find(new AbortController().signal)).toMatchObject(
      {
        value: [{ name: 'on node-b (eastwall-system/two)' }],
      },
    );
  });

  it('can be chosen by more labels of their pods, as in the middle of an upgrade', async () => {
    const pods = [
      agentPod('old', 'node-a', { labels: { 'app.kubernetes.io/version': '1.0.0' } }),
      agentPod('new-one', 'node-a', { labels: { 'app.kubernetes.io/version': '1.1.0' } }),
    ];
    await using made = await cluster(pods, () => {});
    const { signal } = new AbortController();
    const found = (selector: string) => kubeFleet({ selector }, made.config).find(signal);
    expect(await found('app.kubernetes.io/version=1.1.0')).toMatchObject({
      value: [{ name: 'on node-a (eastwall-system/new-one)' }],
    });
    expect(await found('app.kubernetes.io/version notin (1.0.0, 1.1.0)')).toMatchObject({
      error: expect.stringContaining('component=agent,app.kubernetes.io/version notin (1.0.0, 1.1.0)`\n  → '),
    });
    expect(await found('what is this')).toMatchObject({
      error: expect.stringContaining('kube API (context'),
    });
  });

  it('that do not answer are told, and the answer is partial', async () => {
    const pods = [agentPod('one', 'node-a'), agentPod('deaf', 'node-b'), agentPod('new', 'node-c')];
    await using made = await cluster(pods, (_, response) => response.end('{}'));
    const { answers, missing, code, error } = await ask(kubeFleet({}, made.config));
    expect(answers).toHaveLength(1);
    expect(code).toBe(EXIT.partial);
    expect(error).toMatch(/agent on node-b \(eastwall-system\/deaf\): error forwarding port 9465: connect/);
    expect(error).toMatch(/\n {2}→ `kubectl -n eastwall-system logs <pod>` says how the agent is\n/);
    expect(error).toContain('agent on node-c (eastwall-system/new): its pod is Pending\n  → ');
    expect(missing.map(({ problem }) => problem).join()).not.toContain('→');
  });

  it('may be none', async () => {
    await using made = await cluster([], () => {});
    const { code, error } = await ask(kubeFleet({ agentsNamespace: 'other' }, made.config));
    expect(code).toBe(EXIT.failed);
    expect(error).toContain('no agent found: no pod in namespace `other` of the cluster');
  });
});

describe('a user who may not list pods everywhere', () => {
  async function guarded(allowed: string) {
    const server = createServer(({ url = '' }, response) => {
      const open = url.startsWith(allowed);
      const pods = {
        kind: 'PodList',
        items: [{ ...agentPod('one', 'node-a'), status: { phase: 'Running' } }],
      };
      const status = { kind: 'Status', reason: 'Forbidden', message: 'pods is forbidden' };
      response.writeHead(open ? 200 : 403, { 'content-type': 'application/json' });
      response.end(JSON.stringify(open ? pods : status));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    closing.push(server);
    const config = new KubeConfig();
    const { port } = server.address() as AddressInfo;
    config.loadFromOptions({
      clusters: [{ name: 'c', server: `http://127.0.0.1:${port}`, skipTLSVerify: true }],
      users: [{ name: 'u' }],
      contexts: [{ name: 'x', cluster: 'c', user: 'u' }],
      currentContext: 'x',
    });
    return kubeFleet({}, config);
  }
  const { signal } = new AbortController();

  it('finds agents where they usually are', async () => {
    const fleet = await guarded('/api/v1/namespaces/eastwall-system/pods');
    expect(await fleet.find(signal)).toMatchObject({ value: [{ name: 'on node-a (eastwall-system/one)' }] });
  });

  it('is told what would allow it', async () => {
    expect(await (await guarded('/nowhere')).find(signal)).toMatchObject({
      error: expect.stringMatching(
        /context `x`\): pods is forbidden\n {2}→ the ClusterRole `eastwall-viewer`/,
      ),
    });
  });

  it('or to forward ports is told by whom', async () => {
    const found = await (await guarded('/api/v1/pods')).find(signal);
    const link = found.ok ? found.value[0] : undefined;
    await expect(link?.connect(signal)).rejects.toThrow('pods is forbidden');
    expect(link?.advice?.('pods is forbidden')).toContain('the ClusterRole `eastwall-viewer`');
    expect(link?.advice?.('no answer in time')).toBeNull();
  });
});
