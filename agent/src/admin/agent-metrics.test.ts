import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { agentStatus } from '../../testing/agent-status.ts';
import { registerAgentMetrics } from './agent-metrics.ts';

it('tells which pods are proven to be intercepted, and what was seen of those that may want to get past', async () => {
  const registry = new Registry();
  registerAgentMetrics(registry, agentStatus);
  const text = await registry.metrics();
  const pod = 'caller_namespace="shop",caller_pod="frontend-1"';
  expect(text.match(/^eastwall_(pod_intercepted|bypass|unjudged|capture_ability).*$/gm)).toEqual([
    `eastwall_pod_intercepted{${pod},family="v4"} 1`,
    `eastwall_pod_intercepted{${pod},family="v6"} 0`,
    `eastwall_bypass_attempts_total{${pod},kind="smuggled"} 3`,
    `eastwall_unjudged_connections_total{${pod}} 2`,
    'eastwall_capture_ability{ability="fail-modes"} 1',
    'eastwall_capture_ability{ability="port-owner"} 1',
    'eastwall_capture_ability{ability="packet-guard"} 0',
    'eastwall_capture_ability{ability="conntrack-zone"} 1',
  ]);
});

it('tells what became of the events of each sink', async () => {
  const registry = new Registry();
  const dropped = { queue_full: 0, refused: 2 };
  const sink = {
    sink: 'webhook',
    accepted: 9,
    delivered: 4,
    retries: 6,
    dropped,
    waitingBytes: 100,
    problem: 'gone',
  };
  registerAgentMetrics(registry, () => agentStatus({ sinks: [sink] }));
  expect((await registry.metrics()).match(/^eastwall_sink_.*$/gm)).toEqual([
    'eastwall_sink_events_total{sink="webhook",fate="accepted"} 9',
    'eastwall_sink_events_total{sink="webhook",fate="delivered"} 4',
    'eastwall_sink_dropped_total{sink="webhook",reason="queue_full"} 0',
    'eastwall_sink_dropped_total{sink="webhook",reason="refused"} 2',
    'eastwall_sink_retries_total{sink="webhook"} 6',
    'eastwall_sink_waiting_bytes{sink="webhook"} 100',
    'eastwall_sink_up{sink="webhook"} 0',
  ]);
});
