import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { AgentStatus } from '../../agent/src/admin/agent-status.ts';
import { fetchText } from '../../agent/src/cli/fleet/admin-client.ts';
import { socketLink } from '../../agent/src/cli/fleet/socket-fleet.ts';
import { eventually } from '../../agent/src/sandbox/process/eventually.ts';
import { type SandboxHandle, startSandbox } from '../../agent/src/sandbox/start-sandbox.ts';
import { agentsOf } from '../cluster/agents.ts';
import { BACKEND, NAMESPACE, NODE } from '../cluster/names.ts';
import { ALLOWED_PATH } from '../load/operations.ts';
import { parseWrk, wrkArgv } from '../load/wrk.ts';
import { memoryOf, type ProcessMemory, together } from '../measure/process-memory.ts';
import { treeOf } from '../measure/process-tree.ts';
import { bigCluster, CALLERS, SIZE } from './big-cluster.ts';

// `node bench/memory/main.ts`: what an agent holds in memory on a full node of a large cluster; see README.md above.

const RESULTS = join(import.meta.dirname, '../results');
const READY_TIMEOUT_MS = 180_000;
/** For one answer. */
const ANSWER_MS = 10_000;
/** Callers that make requests, all at once. */
const BUSY = 10;
const BUSY_SECONDS = 10;
/** For what was only needed while starting or under load to be given back. */
const REST_MS = 15_000;

interface Row {
  readonly when: string;
  readonly process: string;
  readonly rss_kib: number;
  readonly pss_kib: number;
  readonly private_kib: number;
  readonly peak_kib: number;
}

const log = (line: string) => process.stderr.write(`${line}\n`);
const directory = mkdtempSync('/dev/shm/eastwall-bench-');
process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

log('a cluster is being filled: a minute');
await using sandbox = await startSandbox({
  topology: bigCluster(directory),
  log,
  readyTimeoutMs: READY_TIMEOUT_MS,
});
await restartAgent(sandbox);
await everythingKnown(sandbox);
const rows = rowsOf(sandbox, 'has listed all');
await load(sandbox);
rows.push(...rowsOf(sandbox, 'after load'));
process.stdout.write(table(rows));
mkdirSync(RESULTS, { recursive: true });
writeFileSync(join(RESULTS, 'memory.json'), `${JSON.stringify({ size: SIZE, rows }, null, 2)}\n`);

/** The one that was there while the cluster was filled heard of it bit by bit; on a real node an agent begins with lists. */
async function restartAgent(sandbox: SandboxHandle): Promise<void> {
  const agents = ['--namespace', 'eastwall-system', 'daemonset/eastwall'];
  for (const step of ['restart', 'status']) {
    const { code, stderr } = await sandbox.kubectl(['rollout', step, ...agents], {
      timeoutMs: READY_TIMEOUT_MS,
    });
    if (code !== 0) throw new Error(`rollout ${step}: ${stderr}`);
  }
}

async function everythingKnown(sandbox: SandboxHandle): Promise<void> {
  let said = '';
  const ask = async () => {
    const answer = await fetchText(
      socketLink(sandbox.agentSocket(NODE)),
      '/status',
      AbortSignal.timeout(ANSWER_MS),
    );
    if (!answer.ok || answer.value.status !== 200 || agentsOf(sandbox).length !== 1) return false;
    const { kube, pods, ready } = JSON.parse(answer.value.body) as AgentStatus;
    const enrolled = pods.filter(({ state }) => state === 'enrolled').length;
    said = `${enrolled} pods, ${kube.services} Services, ${kube.slices} slices`;
    return ready && enrolled === SIZE.pods && Math.min(kube.services, kube.slices) > SIZE.services;
  };
  if (!(await eventually(ask, { withinMs: READY_TIMEOUT_MS, everyMs: 500 })))
    throw new Error(`the agent knows only ${said}`);
  log(said);
  await delay(REST_MS);
}

async function load(sandbox: SandboxHandle): Promise<void> {
  const { stdout: ip } = await sandbox.kubectl([
    ...['get', 'service', BACKEND, '--namespace', NAMESPACE, '--output', 'jsonpath={.spec.clusterIP}'],
  ]);
  const get = { tool: 'wrk', method: 'GET', path: ALLOWED_PATH, bodyBytes: 0, keepAlive: true } as const;
  const argv = wrkArgv({ ...get, connections: 8 }, { url: `http://${ip.trim()}`, seconds: BUSY_SECONDS });
  const busy = CALLERS.slice(0, BUSY).map(async (caller) => {
    const { code, stdout, stderr } = await sandbox.exec(`${NAMESPACE}/${caller}`, argv);
    if (code !== 0) throw new Error(`wrk in ${caller}: ${stderr}`);
    return parseWrk(stdout).requests;
  });
  const requests = (await Promise.all(busy)).reduce((sum, one) => sum + one, 0);
  log(`${requests} requests of ${BUSY} callers`);
  await delay(REST_MS);
}

function rowsOf(sandbox: SandboxHandle, when: string): Row[] {
  const processes = agentsOf(sandbox).flatMap(treeOf);
  const all = processes.map(({ pid }) => memoryOf(pid));
  const row = (process: string, { rss, pss, private: own, peak }: ProcessMemory): Row => ({
    when,
    process,
    rss_kib: rss,
    pss_kib: pss,
    private_kib: own,
    peak_kib: peak,
  });
  const names = processes.map((_, at) => (at === 0 ? 'control' : `dataplane ${at - 1}`));
  return [...all.map((one, at) => row(names[at] ?? '', one)), row('together', together(all))];
}

function table(rows: readonly Row[]): string {
  const mib = (kib: number) => (kib / 1024).toFixed(0).padStart(9);
  const lines = rows.map(
    ({ when, process, ...kib }) =>
      `${when.padEnd(16)}${process.padEnd(14)}${Object.values(kib).map(mib).join('')}`,
  );
  const head = `${'MiB'.padEnd(30)}${['RSS', 'PSS', 'private', 'peak RSS'].map((name) => name.padStart(9)).join('')}`;
  return `${[head, ...lines].join('\n')}\n`;
}
