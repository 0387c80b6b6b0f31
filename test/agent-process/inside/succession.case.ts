import { mkdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { apiPolicyCrd } from '@eastwall/policy';
import { describe, expect, it, vi } from 'vitest';
import type { ObjectInput } from '../../../agent/src/sandbox/kube-api/object.ts';
import { type AgentProcess, Node } from './agent-process.ts';

const eventually = (expectation: () => void | Promise<void>) =>
  vi.waitFor(expectation, { timeout: 90_000, interval: 50 });

const ready = (agent: AgentProcess) =>
  eventually(async () => expect((await agent.status()).ready, agent.output).toBe(true));

/** Both look at the same socket: whose pid is shown is who is found there. */
const found = (agent: AgentProcess, expected: AgentProcess) =>
  eventually(async () => expect((await agent.status()).pid, expected.output).toBe(expected.pid));

async function readyNode(): Promise<{ node: Node; agent: AgentProcess }> {
  const node = new Node();
  node.store.apply(apiPolicyCrd() as ObjectInput);
  await node.startApi();
  const agent = node.startAgent();
  await found(agent, agent);
  await ready(agent);
  return { node, agent };
}

describe('an agent beside another', () => {
  it('takes over, and the other one ends without taking anything along', async () => {
    const { node, agent } = await readyNode();
    await using _ = node;
    const second = node.startAgent();
    await found(agent, second);
    await ready(second);
    expect(await agent.kill('SIGTERM'), agent.output).toBe(0);
    expect(await agent.lastWords()).toContain('a successor has taken over');
    expect((await second.status()).pid).toBe(second.pid);
    await eventually(() => expect(second.output).toContain('the agent before this one has ended'));
  });

  it.each(['SIGKILL', 'SIGTERM'] as const)(
    'gives everything back when it ends first, by %s',
    async (signal) => {
      const { node, agent } = await readyNode();
      await using _ = node;
      const second = node.startAgent();
      await found(agent, second);
      await ready(second);
      await second.kill(signal);
      await found(agent, agent);
      await ready(agent);
      expect(await agent.kill('SIGTERM'), agent.output).toBe(0);
    },
  );

  it('is third of three: what the second ends with is its own, and the first gets it once it ends itself', async () => {
    const { node, agent } = await readyNode();
    await using _ = node;
    const second = node.startAgent();
    await found(agent, second);
    await ready(second);
    const third = node.startAgent();
    await found(agent, third);
    await ready(third);
    expect(await second.kill('SIGTERM'), second.output).toBe(0);
    expect((await third.status()).pid).toBe(third.pid);
    expect(agent.output).not.toContain('taking everything back');
    await third.kill('SIGKILL');
    await found(agent, agent);
    expect(await agent.kill('SIGTERM'), agent.output).toBe(0);
  });

  it('is followed by two that come at once, one after the other', async () => {
    const { node, agent } = await readyNode();
    await using _ = node;
    const both = [node.startAgent(), node.startAgent()];
    const taken = 'a successor has taken over';
    await eventually(() => expect(both.filter(({ output }) => output.includes(taken))).toHaveLength(1));
    await eventually(() => expect(agent.output).toContain(taken));
    const last = both.find(({ output }) => !output.includes(taken)) ?? agent;
    await found(agent, last);
    await ready(last);
  });

  it('is found also after somebody has removed its sockets, by the next one as well', async () => {
    const { node, agent } = await readyNode();
    await using _ = node;
    rmSync(node.runDir, { recursive: true });
    await found(agent, agent);
    const second = node.startAgent();
    await found(agent, second);
    await ready(second);
    expect(await agent.kill('SIGTERM'), agent.output).toBe(0);
    expect(await agent.lastWords()).toContain('a successor has taken over');
    expect((await second.status()).pid).toBe(second.pid);
  });

  it('leaves the place to it while it does not know the cluster, unless it ends', async () => {
    const { node, agent } = await readyNode();
    await using _ = node;
    await node.stopApi();
    const second = node.startAgent();
    await eventually(() => expect(second.output).toContain('dataplane serves'));
    expect((await second.status()).pid).toBe(agent.pid);
    await agent.kill('SIGKILL');
    await found(second, second);
    await eventually(async () => expect((await second.status()).waitingFor).toEqual(['cluster']));
  });

  it('does not start when it is handed nothing', async () => {
    await using node = new Node();
    await node.startApi();
    mkdirSync(node.runDir, { recursive: true });
    const other = createServer().listen(join(node.runDir, 'admin.sock'));
    const agent = node.startAgent();
    expect(await agent.ended()).toBe(1);
    expect(await agent.lastWords()).toMatch(
      /^eastwall: another agent is running: it answers on .*admin\.sock$/m,
    );
    other.close();
  });
});
