import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type SandboxHandle, startSandbox } from '../../agent/src/sandbox/start-sandbox.ts';
import type { TopologyInput } from '../../agent/src/sandbox/topology/schema.ts';
import { agentsOf } from '../cluster/agents.ts';
import { prepareBackend } from '../cluster/backend.ts';
import { BACKEND_PORTS, NAMESPACE, NODE } from '../cluster/names.ts';
import { AGENT } from '../cluster/topology.ts';
import { parseWrk, wrkArgv } from '../load/wrk.ts';
import { commandOf, treeOf, usageOf } from '../measure/process-tree.ts';
import { median, spread } from '../measure/statistics.ts';

// `node bench/inbound/main.ts`: what it costs to see what comes to a pod; see README.md above.

const RESULTS = join(import.meta.dirname, '../results');
const READY_TIMEOUT_MS = 60_000;
/** An id, as requests to frontends have one that are worth observing. */
const PATH = '/v1/orders/4711';
const CONNECTIONS = 32;

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, seconds: { type: 'string', default: '5' } },
});
const [ROUNDS, SECONDS] = [Number(values.rounds), Number(values.seconds)];

/** Who calls whom: the agent sees nothing of it, only what is sent, or only what comes. */
const WAYS = [
  { name: 'past the agent', caller: 'unseen', backend: 'plain' },
  { name: 'the sending leg', caller: 'captured', backend: 'plain' },
  { name: 'the inbound leg', caller: 'unseen', backend: 'observed' },
] as const;
type Way = (typeof WAYS)[number];

interface Cost {
  readonly agentUs: number;
  readonly backendUs: number;
  readonly p50Us: number;
}

const log = (line: string) => process.stderr.write(`${line}\n`);
const directory = mkdtempSync('/dev/shm/eastwall-bench-');
process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

const backend = (name: string, inbound: 'on' | 'off') => {
  const own = join(directory, name);
  mkdirSync(own);
  const command = prepareBackend(own);
  return {
    name,
    namespace: NAMESPACE,
    annotations: { 'eastwall.dev/inbound': inbound },
    command,
    ports: [BACKEND_PORTS.http1],
  };
};
const caller = (name: string, capture: 'enabled' | 'disabled') => ({
  name,
  namespace: NAMESPACE,
  annotations: { 'eastwall.dev/capture': capture },
  command: ['sleep', 'infinity'],
  ready: 'started' as const,
});
const service = (name: string) => ({ name, namespace: NAMESPACE, ports: [BACKEND_PORTS.http1] });

const TOPOLOGY: TopologyInput = {
  nodes: [NODE],
  agents: { program: AGENT },
  ipFamilies: 'ipv4',
  namespaces: [{ name: NAMESPACE }],
  pods: [
    backend('plain', 'off'),
    backend('observed', 'on'),
    caller('captured', 'enabled'),
    caller('unseen', 'disabled'),
  ],
  services: [service('plain'), service('observed')],
};

await using sandbox = await startSandbox({ topology: TOPOLOGY, log, readyTimeoutMs: READY_TIMEOUT_MS });
const report = [];
for (const keepAlive of [true, false]) {
  const costs = new Map<Way, Cost[]>(WAYS.map((way) => [way, []]));
  // The first is not counted: V8 compiles.
  for (let round = 0; round <= ROUNDS; round++)
    for (const way of WAYS) {
      const cost = await costOf(sandbox, way, keepAlive);
      if (round > 0) costs.get(way)?.push(cost);
      else await theAgentSawIt(way, cost);
    }
  report.push({ load: keepAlive ? 'kept connections' : 'a connection per request', rows: rowsOf(costs) });
}
for (const { load, rows } of report) process.stdout.write(`${load}\n${table(rows)}\n`);
mkdirSync(RESULTS, { recursive: true });
writeFileSync(join(RESULTS, 'inbound.json'), `${JSON.stringify(report, null, 2)}\n`);

/** nginx writes its command line anew, with the old one at the end. */
function backendsOf(cluster: SandboxHandle, name: string): number[] {
  const config = join(directory, name, 'backend.conf');
  const masters = treeOf(cluster.state.holder.pid).filter(({ pid }) => {
    const words = commandOf(pid).join(' ');
    return words.startsWith('nginx: master') && words.includes(config);
  });
  return masters.map(({ pid }) => pid);
}

async function costOf(cluster: SandboxHandle, way: Way, keepAlive: boolean): Promise<Cost> {
  const load = {
    tool: 'wrk',
    method: 'GET',
    path: PATH,
    connections: CONNECTIONS,
    bodyBytes: 0,
    keepAlive,
  } as const;
  const url = `http://${way.backend}.${NAMESPACE}:${BACKEND_PORTS.http1}`;
  const [agents, backends] = [agentsOf(cluster), backendsOf(cluster, way.backend)];
  const before = [usageOf(agents), usageOf(backends)];
  const { code, stdout, stderr } = await cluster.exec(
    `${NAMESPACE}/${way.caller}`,
    wrkArgv(load, { url, seconds: SECONDS }),
    { timeoutMs: 10_000 + SECONDS * 1_000 },
  );
  if (code !== 0) throw new Error(stderr);
  const after = [usageOf(agents), usageOf(backends)];
  const { requests, p50Microseconds } = parseWrk(stdout);
  const [agentUs = 0, backendUs = 0] = after.map(
    ({ cpuMicroseconds }, at) => (cpuMicroseconds - (before[at]?.cpuMicroseconds ?? 0)) / requests,
  );
  return { agentUs, backendUs, p50Us: p50Microseconds ?? 0 };
}

/** A leg that is not there would be a cheap one. */
async function theAgentSawIt({ name }: Way, { agentUs }: Cost): Promise<void> {
  const isSeen = name !== 'past the agent';
  if (isSeen && agentUs < 5) throw new Error(`the agent has not seen ${name}: ${agentUs} µs a request`);
}

function rowsOf(costs: ReadonlyMap<Way, readonly Cost[]>) {
  const sending = costs.get(WAYS[1]) ?? [];
  return [...costs].map(([{ name }, all]) => ({
    way: name,
    agent_us: median(all.map(({ agentUs }) => agentUs)),
    agent_spread: spread(all.map(({ agentUs }) => agentUs)),
    of_sending: median(all.map(({ agentUs }, at) => agentUs / (sending[at]?.agentUs ?? Number.NaN))),
    backend_us: median(all.map(({ backendUs }) => backendUs)),
    p50_us: median(all.map(({ p50Us }) => p50Us)),
  }));
}

function table(rows: ReturnType<typeof rowsOf>): string {
  const lines = rows.map(
    (row) =>
      `| ${row.way} | ${row.agent_us.toFixed(1)} | ${(100 * row.agent_spread).toFixed(0)} % | ${row.of_sending.toFixed(2)} | ${row.backend_us.toFixed(1)} | ${row.p50_us} |`,
  );
  return [
    '| | agent, µs of CPU | spread | × sending leg | backend, µs | p50, µs |',
    '| --- | ---: | ---: | ---: | ---: | ---: |',
    ...lines,
    '',
  ].join('\n');
}
