import { execFileSync } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { apiPolicyCrd } from '@eastwall/policy';
import { expect, it, vi } from 'vitest';
import type { ObjectInput } from '../../../agent/src/sandbox/kube-api/object.ts';
import { type AgentProcess, Node } from './agent-process.ts';

const ENOUGH = 4_096;

const eventually = (expectation: () => void | Promise<void>) =>
  vi.waitFor(expectation, { timeout: 90_000, interval: 50 });

const limit = ({ pid }: AgentProcess, descriptors: number) =>
  execFileSync('prlimit', ['--pid', String(pid), `--nofile=${descriptors}:${ENOUGH}`]);

/** Numbers are given from the lowest one, so that none is left below it. */
function lowestFree({ pid }: AgentProcess): number {
  const open = new Set(readdirSync(`/proc/${pid}/fd`).map(Number));
  return [...Array(ENOUGH).keys()].find((fd) => !open.has(fd)) ?? ENOUGH;
}

it('an agent without a descriptor left says so, goes on, and recovers once there are some', async () => {
  await using node = new Node();
  node.store.apply(apiPolicyCrd() as ObjectInput);
  node.store.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } });
  await node.startApi();
  const agent = node.startAgent();
  await eventually(async () => expect(await agent.ask('/readyz'), agent.output).toBe('ready\n'));
  const pid = (await agent.status()).dataplanes[0]?.pid;
  if (!pid) throw new Error('no dataplane');
  // What has just answered is closed by then.
  await eventually(() => {
    limit(agent, lowestFree(agent));
    writeFileSync(join(node.directory, 'netns', `cni-${Date.now()}`), '');
    expect(agent.output).toContain('EMFILE');
  });
  process.kill(pid, 'SIGKILL');
  await eventually(() => expect(agent.output).toContain('dataplane ended; restarting'));
  await node.stopApi();
  await eventually(() => expect(agent.output).toContain('the kube API gives no answer'));
  await node.startApi();

  limit(agent, ENOUGH);
  await eventually(async () => {
    const { ready, dataplanes, kube } = await agent.status();
    const states = dataplanes.map(({ state }) => state);
    expect([ready, states, kube.problems]).toEqual([true, ['serving', 'serving'], []]);
  });
  expect(await agent.kill('SIGTERM'), agent.output).toBe(0);
});
