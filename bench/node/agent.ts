import { mkdtempSync, rmSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { AgentStatus } from '../../agent/src/admin/agent-status.ts';
import { fetchText } from '../../agent/src/cli/fleet/admin-client.ts';
import { socketLink } from '../../agent/src/cli/fleet/socket-fleet.ts';
import { eventually } from '../../agent/src/sandbox/process/eventually.ts';
import { type SandboxHandle, startSandbox } from '../../agent/src/sandbox/start-sandbox.ts';
import { agentsOf } from '../cluster/agents.ts';
import { NAMESPACE, NODE } from '../cluster/names.ts';
import { treeOf } from '../measure/process-tree.ts';
import { threadsOf } from '../measure/threads.ts';
import { LiveClient } from './caller.ts';
import { GREETER, governing, PODS, POLICIES, topology, WEB } from './full-node.ts';
import type { AgentFigures } from './report.ts';

const READY_TIMEOUT_MS = 180_000;
const ANSWER_MS = 10_000;
/** For what is only done while starting to be over. */
const REST_MS = 20_000;
const IDLE_MS = 60_000;
const ROUNDS = 50;

/** A whole agent on a node of as many pods as it may have: what it takes while nothing happens, and how fast policies are. */
export async function measureAgent(log: (line: string) => void): Promise<AgentFigures> {
  const directory = mkdtempSync('/dev/shm/eastwall-bench-');
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
  await using sandbox = await startSandbox({
    topology: topology(directory),
    log,
    readyTimeoutMs: READY_TIMEOUT_MS,
  });
  log(await everythingKnown(sandbox));
  await delay(REST_MS);
  log(`idle for ${IDLE_MS / 1_000} s`);
  const idle = await idleCpu(sandbox);
  log('policies are changed');
  const nextRequestMs = await timesToNextRequest(sandbox);
  const openConnectionMs = await timesToReset(sandbox);
  return { pods: PODS, policies: POLICIES, idle, nextRequestMs, openConnectionMs };
}

/** Says how much that is. */
async function everythingKnown(sandbox: SandboxHandle): Promise<string> {
  let said = '';
  const ask = async () => {
    const link = socketLink(sandbox.agentSocket(NODE));
    const answer = await fetchText(link, '/status', AbortSignal.timeout(ANSWER_MS));
    if (!answer.ok || answer.value.status !== 200) return false;
    const { pods, policies, ready } = JSON.parse(answer.value.body) as AgentStatus;
    const enrolled = pods.filter(({ state }) => state === 'enrolled').length;
    said = `${enrolled} pods, ${policies.length} policies`;
    return ready && enrolled === PODS && policies.length === POLICIES;
  };
  if (!(await eventually(ask, { withinMs: READY_TIMEOUT_MS, everyMs: 500 })))
    throw new Error(`the agent knows only ${said}`);
  return said;
}

async function idleCpu(sandbox: SandboxHandle): Promise<AgentFigures['idle']> {
  const pids = agentsOf(sandbox)
    .flatMap(treeOf)
    .map(({ pid }) => pid);
  const threads = () => pids.flatMap(threadsOf);
  const sum = (of: ReturnType<typeof threads>) => of.reduce((total, { cpuMs }) => total + cpuMs, 0);
  const capture = (of: ReturnType<typeof threads>) => of.filter(({ name }) => name === 'capture');
  const before = threads();
  if (capture(before).length === 0)
    throw new Error(`no capture thread among ${before.map(({ name }) => name)}`);
  await delay(IDLE_MS);
  const after = threads();
  return {
    all: (sum(after) - sum(before)) / IDLE_MS,
    capture: (sum(capture(after)) - sum(capture(before))) / IDLE_MS,
  };
}

/** Changes a policy, and says when that was: before the kube API had it, and so before it told anybody. */
async function change(sandbox: SandboxHandle, service: string, mode: string): Promise<number> {
  const at = performance.timeOrigin + performance.now();
  await sandbox.apply([governing(service, mode)]);
  return at;
}

/** Not at the pace of anything that happens regularly. */
const pause = () => delay(200 + 300 * Math.random());

async function timesToNextRequest(sandbox: SandboxHandle): Promise<number[]> {
  await using client = await LiveClient.start(sandbox, 'http', `http://${WEB}.${NAMESPACE}/v1/secrets/7`);
  await client.says('200');
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    for (const [mode, status] of [
      ['Enforce', '403'],
      ['Audit', '200'],
    ] as const) {
      await pause();
      const at = await change(sandbox, WEB, mode);
      times.push((await client.says(status)) - at);
    }
  }
  return times;
}

async function timesToReset(sandbox: SandboxHandle): Promise<number[]> {
  await using client = await LiveClient.start(sandbox, 'tcp', `${GREETER}.${NAMESPACE}`, '25');
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    client.dial();
    await client.says('greeted');
    await pause();
    const at = await change(sandbox, GREETER, 'Enforce');
    times.push((await client.says('ended')) - at);
    await change(sandbox, GREETER, 'Audit');
    await pause();
  }
  return times;
}
