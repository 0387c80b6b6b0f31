import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { agentStatus } from '../../testing/agent-status.ts';
import { CAUSES } from '../capture/pairing.ts';
import { registerAgentMetrics } from './agent-metrics.ts';

it('counts each pod once, under the word for why it is not judged', async () => {
  const registry = new Registry();
  registerAgentMetrics(registry, agentStatus);
  const pods = (await registry.metrics()).match(/^eastwall_pods\{.*$/gm) ?? [];
  expect(pods).toHaveLength(CAUSES.length + 1);
  expect(pods.filter((line) => !line.endsWith(' 0'))).toEqual([
    'eastwall_pods{state="enrolled",cause="none"} 1',
    'eastwall_pods{state="refused",cause="host_network"} 1',
  ]);
});

it('names no label that a scraper gives the agent itself', async () => {
  const registry = new Registry();
  registerAgentMetrics(registry, agentStatus);
  expect(await registry.metrics()).not.toMatch(/[{,](namespace|pod|node|instance|job|container)="/);
});
