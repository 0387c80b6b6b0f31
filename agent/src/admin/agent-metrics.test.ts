import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { agentStatus } from '../../testing/agent-status.ts';
import { registerAgentMetrics } from './agent-metrics.ts';

it('tells which pods are proven to be intercepted, and what was seen of those that may want to get past', async () => {
  const registry = new Registry();
  registerAgentMetrics(registry, agentStatus);
  const text = await registry.metrics();
  const pod = 'namespace="shop",pod="frontend-1"';
  expect(text.match(/^eastwall_(pod_intercepted|bypass|unjudged|capture_ability).*$/gm)).toEqual([
    `eastwall_pod_intercepted{${pod},family="v4"} 1`,
    `eastwall_pod_intercepted{${pod},family="v6"} 0`,
    `eastwall_bypass_attempts_total{${pod},kind="smuggled"} 3`,
    `eastwall_unjudged_connections_total{${pod}} 2`,
    'eastwall_capture_ability{ability="fail-modes"} 1',
    'eastwall_capture_ability{ability="port-owner"} 1',
    'eastwall_capture_ability{ability="packet-guard"} 0',
  ]);
});
