import { request } from 'node:http';
import type { AgentStatus } from '../../agent/src/admin/agent-status.ts';
import type { Finding } from '../../agent/src/record/finding.ts';
import type { FlowRecord } from '../../agent/src/record/record.ts';
import type { SandboxHandle } from '../../agent/src/sandbox/start-sandbox.ts';

/** One answer of an agent's admin socket. */
export async function adminGet(socketPath: string, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const call = request({ socketPath, path }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => {
        text += part;
      });
      response.on('end', () => resolve(text));
      response.on('error', reject);
    });
    call.on('error', reject);
    call.end();
  });
}

export async function statusOf(sandbox: SandboxHandle, node: string): Promise<AgentStatus> {
  return JSON.parse(await adminGet(sandbox.agentSocket(node), '/status')) as AgentStatus;
}

/** The findings that an agent keeps. */
export async function findingsOf(sandbox: SandboxHandle, node: string): Promise<Finding[]> {
  const text = await adminGet(sandbox.agentSocket(node), '/findings');
  return (JSON.parse(text) as { findings: Finding[] }).findings;
}

/** The flow records that an agent has kept: what was not plainly allowed. */
export async function flowsOf(sandbox: SandboxHandle, node: string): Promise<FlowRecord[]> {
  const lines = await adminGet(sandbox.agentSocket(node), '/flows?all=1&since=0&follow=0');
  return lines
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as FlowRecord);
}

export interface CurlAnswer {
  readonly status: number;
  readonly body: string;
}

/** curl in a pod; status 0 when there was no answer. */
export async function curl(sandbox: SandboxHandle, pod: string, ...args: string[]): Promise<CurlAnswer> {
  const { stdout } = await sandbox.exec(pod, ['curl', '-s', '-m', '10', '-w', '\n%{http_code}', ...args]);
  const end = stdout.lastIndexOf('\n');
  return { status: Number(stdout.slice(end + 1)), body: stdout.slice(0, end) };
}

const PATIENCE_MS = 40_000;

/** Asks again until the expectation holds; fails as it fails when patience is over. */
export async function eventuallyAsync<T>(
  expectation: () => Promise<T>,
  patienceMs = PATIENCE_MS,
): Promise<T> {
  for (const deadline = Date.now() + patienceMs; ; ) {
    try {
      return await expectation();
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** A GuardProfile as a kube object. */
export const guardProfile = (name: string, spec: Record<string, unknown>) => ({
  apiVersion: 'eastwall.dev/v1alpha1',
  kind: 'GuardProfile',
  metadata: { name },
  spec,
});

/** An ApiPolicy as a kube object. */
export function apiPolicy(name: string, spec: Record<string, unknown>, namespace = 'shop') {
  return { apiVersion: 'eastwall.dev/v1alpha1', kind: 'ApiPolicy', metadata: { name, namespace }, spec };
}
