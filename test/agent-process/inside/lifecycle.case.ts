import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { apiPolicyCrd } from '@eastwall/policy';
import { describe, expect, it, vi } from 'vitest';
import { mapsId } from '../../../agent/src/roles/process-status.ts';
import type { ObjectInput } from '../../../agent/src/sandbox/kube-api/object.ts';
import { type AgentProcess, dataplanePids, Node } from './agent-process.ts';

/** The loopback interface is all there is: no pod, but every process, the real kube API protocol and real signals. */

const eventually = (expectation: () => void | Promise<void>) =>
  vi.waitFor(expectation, { timeout: 90_000, interval: 50 });

const ready = (agent: AgentProcess) =>
  eventually(async () => expect(await agent.ask('/readyz'), agent.output).toBe('ready\n'));

const policy = (name: string, mode: string) => ({
  apiVersion: 'eastwall.dev/v1alpha1',
  kind: 'ApiPolicy',
  metadata: { name, namespace: 'shop' },
  spec: { mode, target: {}, rules: [] },
});

function nodeWithShop(): Node {
  const node = new Node();
  node.store.apply(apiPolicyCrd() as ObjectInput);
  node.store.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } });
  return node;
}

async function readyNode(...flags: readonly string[]): Promise<{ node: Node; agent: AgentProcess }> {
  const node = nodeWithShop();
  await node.startApi();
  const agent = node.startAgent(...flags);
  await ready(agent);
  return { node, agent };
}

describe('an agent', () => {
  it('runs its dataplanes without any privilege, and says as whom and why', async () => {
    const { node, agent } = await readyNode();
    await using _ = node;
    const { dataplanes } = await agent.status();
    const mapped = mapsId(readFileSync('/proc/self/uid_map', 'utf8'), 65_534);
    for (const dataplane of dataplanes) {
      expect(dataplane).toMatchObject({
        state: 'serving',
        uid: mapped ? 65_534 : 0,
        capabilities: { effective: '0', permitted: '0', bounding: '0' },
        noNewPrivileges: true,
      });
    }
    expect(dataplanes.map(({ pid }) => pid).sort()).toEqual(dataplanePids().sort());
    expect(dataplanes[0]?.uidReason).toMatch(mapped ? /owns nothing/ : /no id 65534/);
  });

  it('waits for a kube API that is not there yet, and keeps what it knows when it goes', async () => {
    await using node = nodeWithShop();
    await node.startApi();
    await node.stopApi();
    const agent = node.startAgent();
    await eventually(async () => expect(await agent.ask('/readyz')).toBe('waiting for cluster\n'));
    node.store.apply(policy('good', 'Audit'));
    await node.startApi();
    await ready(agent);
    const written = () => node.store.get('apipolicies.eastwall.dev', 'shop', 'good')?.['status'];
    await eventually(() => expect(written()).toMatchObject({ conditions: [{ type: 'Accepted' }] }));
    await node.stopApi();
    await eventually(async () => expect((await agent.status()).kube.problems).not.toEqual([]));
    const { policies, ready: stillReady } = await agent.status();
    expect([policies.map(({ policy: name }) => name), stillReady]).toEqual([['shop/good'], true]);
  });

  it('shows the policies that come, change and go', async () => {
    const { node, agent } = await readyNode();
    await using _ = node;
    const modes = async () => (await agent.status()).policies.map(({ policy: name, mode }) => [name, mode]);
    node.store.apply(policy('orders', 'Audit'));
    await eventually(async () => expect(await modes()).toEqual([['shop/orders', 'Audit']]));
    node.store.apply(policy('orders', 'Enforce'));
    await eventually(async () => expect(await modes()).toEqual([['shop/orders', 'Enforce']]));
    node.store.remove('apipolicies.eastwall.dev', 'shop', 'orders');
    await eventually(async () => expect(await modes()).toEqual([]));
  });

  it('leaves nothing behind when it is told to stop', async () => {
    const { node, agent } = await readyNode();
    await using _ = node;
    expect(await agent.kill('SIGTERM'), agent.output).toBe(0);
    expect(dataplanePids()).toEqual([]);
    expect(existsSync(join(node.runDir, 'admin.sock'))).toBe(false);
  });

  it('takes its dataplanes along when it is killed, and can be started again', async () => {
    const { node, agent } = await readyNode();
    await using _ = node;
    expect(await agent.kill('SIGKILL')).toBe('SIGKILL');
    await eventually(() => expect(dataplanePids()).toEqual([]));
    const next = node.startAgent();
    await ready(next);
    expect((await next.status()).pid).toBe(next.pid);
  });

  it('says all that is wrong with its settings, and where it looked for the cluster', async () => {
    await using node = new Node();
    const bad = node.startAgent('--head-timeout', '5', '--max-head-bytes', 'much');
    expect(await bad.ended()).toBe(2);
    expect((await bad.lastWords()).match(/^eastwall: --/gm)).toHaveLength(2);
    const lost = node.startAgent();
    expect(await lost.ended()).toBe(1);
    expect(await lost.lastWords()).toContain(node.kubeconfig);
  });
});
