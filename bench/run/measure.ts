import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import type { Cluster, Standing } from '../cluster/cluster.ts';
import { h2loadArgv, parseH2load } from '../load/h2load.ts';
import type { LoadResult } from '../load/load-result.ts';
import { ALLOWED_PATH } from '../load/operations.ts';
import type { IdleScenario, LoadScenario, Scenario } from '../load/scenarios.ts';
import { parseWrk, wrkArgv } from '../load/wrk.ts';
import { usageOf } from '../measure/process-tree.ts';
import type { Figures } from './figures.ts';

const IDLE_CLIENT = join(import.meta.dirname, '../load/idle-client.ts');

/** One round of a scenario against one subject. */
export function measure(
  cluster: Cluster,
  standing: Standing,
  round: { readonly scenario: Scenario; readonly seconds: number },
): Promise<Figures> {
  const { scenario, seconds } = round;
  if (!standing.subject.protocols.includes(scenario.protocol)) return Promise.resolve({});
  return scenario.kind === 'load'
    ? measureLoad(cluster, standing, { scenario, seconds })
    : measureIdle(cluster, standing, scenario);
}

async function measureLoad(
  cluster: Cluster,
  standing: Standing,
  { scenario, seconds }: { readonly scenario: LoadScenario; readonly seconds: number },
): Promise<Figures> {
  const before = usageOf(standing.roots());
  const { requests, rps, p50Microseconds, p99Microseconds } = await drive(cluster, standing, {
    scenario,
    seconds,
  });
  const after = usageOf(standing.roots());
  const speed = {
    rps,
    ...(p50Microseconds === undefined ? {} : { p50_us: p50Microseconds }),
    ...(p99Microseconds === undefined ? {} : { p99_us: p99Microseconds }),
  };
  if (standing.roots().length === 0) return speed;
  const cpu = (after.cpuMicroseconds - before.cpuMicroseconds) / requests;
  return { cpu_us_per_request: cpu, ...speed, rss_kib: after.rssKib };
}

async function drive(
  cluster: Cluster,
  { pod, host, ports }: Standing,
  { scenario, seconds }: { readonly scenario: LoadScenario; readonly seconds: number },
): Promise<LoadResult> {
  const { load, protocol } = scenario;
  const target = { url: `http://${host}:${ports[protocol]}`, seconds };
  return load.tool === 'wrk'
    ? parseWrk(await cluster.exec(pod, wrkArgv(load, target)))
    : parseH2load(await cluster.exec(pod, h2loadArgv(load, target)));
}

async function measureIdle(
  cluster: Cluster,
  { pod, host, ports, roots }: Standing,
  { connections, protocol }: IdleScenario,
): Promise<Figures> {
  if (roots().length === 0) return {};
  const before = usageOf(roots());
  const client = await cluster.spawn(pod, [
    ...[process.execPath, IDLE_CLIENT],
    ...[host, String(ports[protocol]), ALLOWED_PATH, String(connections)],
  ]);
  const after = await whileOpen(client, () => usageOf(roots()));
  return {
    cpu_us_per_request: (after.cpuMicroseconds - before.cpuMicroseconds) / connections,
    rss_kib: after.rssKib,
    rss_kib_per_connection: (after.rssKib - before.rssKib) / connections,
  };
}

/** Calls `look` once the client holds all its connections, then lets them go; throws when it lost any. */
async function whileOpen<T>(client: ChildProcess, look: () => T): Promise<T> {
  if (!client.stdout || !client.stdin) throw new Error('the idle client has no pipes');
  const lines = createInterface(client.stdout)[Symbol.asyncIterator]();
  const exited = once(client, 'exit');
  const opened = await lines.next();
  if (opened.value !== 'open') throw new Error('the idle client could not open its connections');
  const seen = look();
  client.stdin.end();
  const { value: last } = await lines.next();
  await exited;
  if (last !== 'lost 0') throw new Error(`idle connections did not stay open: ${last}`);
  return seen;
}
