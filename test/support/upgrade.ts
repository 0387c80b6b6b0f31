import { expect } from 'vitest';
import type { AgentStatus } from '../../agent/src/admin/agent-status.ts';
import type { SandboxHandle } from '../../agent/src/sandbox/start-sandbox.ts';
import { eventuallyAsync, statusOf } from './agent.ts';

const AGENTS = ['-n', 'eastwall-system'];
/** An agent has a hard time to start while its node is busy with a load test. */
const PATIENCE_MS = 90_000;

/** Has all agents replaced as an upgrade does: the new one of a node comes first, then the old one is deleted. */
export async function startRollout(sandbox: SandboxHandle): Promise<void> {
  const { code, stderr } = await sandbox.kubectl(['rollout', 'restart', ...AGENTS, 'daemonset/eastwall']);
  expect(code, stderr).toBe(0);
}

/** The status of the agent that has followed `before` on its node, once it is ready. */
export function followed(sandbox: SandboxHandle, before: AgentStatus): Promise<AgentStatus> {
  return eventuallyAsync(async () => {
    const status = await statusOf(sandbox, before.node);
    expect(status.startedAt).not.toBe(before.startedAt);
    expect(status.ready, JSON.stringify(status.waitingFor)).toBe(true);
    return status;
  }, PATIENCE_MS);
}

/** Waits until the old agents have ended. */
export async function rolledOut(sandbox: SandboxHandle, node: string): Promise<void> {
  await eventuallyAsync(async () => expect(await agentPods(sandbox, node)).toHaveLength(1), PATIENCE_MS);
}

/** Names of the agent's pods on a node, those included that are terminating. */
export async function agentPods(sandbox: SandboxHandle, node: string): Promise<string[]> {
  const { stdout } = await sandbox.kubectl([
    'get',
    'pods',
    ...AGENTS,
    '-o',
    `jsonpath={range .items[?(@.spec.nodeName=="${node}")]}{.metadata.name}{"\\n"}{end}`,
  ]);
  return stdout.split('\n').filter((name) => name !== '');
}
