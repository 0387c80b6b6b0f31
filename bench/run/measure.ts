import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import type { Cluster, Standing } from '../cluster/cluster.ts';
import { h2loadArgv, parseH2load } from '../load/h2load.ts';
import type { LoadResult } from '../load/load-result.ts';
import { ALLOWED_PATH } from '../load/operations.ts';
import type { IdleScenario, LoadScenario, PacedScenario, Scenario } from '../load/scenarios.ts';
import { parseStream, streamArgv } from '../load/stream.ts';
import { atPace, parseWrk, wrkArgv } from '../load/wrk.ts';
import { usageOf } from '../measure/process-tree.ts';
import type { Figures } from './figures.ts';

const IDLE_CLIENT = join(import.meta.dirname, '../load/idle-client.ts');

export interface Round {
  readonly scenario: Scenario;
  readonly seconds: number;
  /** Requests a second, for a load that keeps a pace. */
  readonly rate: number;
}

/** One round of a scenario against one subject. */
export function measure(
  cluster: Cluster,
  standing: Standing,
  { scenario, seconds, rate }: Round,
): Promise<Figures> {
  if (!standing.subject.protocols.includes(scenario.protocol)) return Promise.resolve({});
  switch (scenario.kind) {
    case 'load':
      return measureLoad(standing, () => drive(cluster, standing, { scenario, seconds }));
    case 'paced':
      if (!scenario.subjects.includes(standing.subject.name)) return Promise.resolve({});
      return measureLoad(standing, () => pace(cluster, standing, { scenario, seconds, rate }));
    case 'idle':
      return measureIdle(cluster, standing, scenario);
  }
}

async function measureLoad(standing: Standing, load: () => Promise<LoadResult>): Promise<Figures> {
  const before = usageOf(standing.roots());
  const { requests, rps, p50Microseconds, p99Microseconds } = await load();
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
  { pod, targets }: Standing,
  { scenario, seconds }: { readonly scenario: LoadScenario; readonly seconds: number },
): Promise<LoadResult> {
  const { load, protocol } = scenario;
  const { host, port } = targets[protocol];
  const target = { url: `http://${host}:${port}`, seconds };
  switch (load.tool) {
    case 'wrk':
      return parseWrk(await cluster.exec(pod, wrkArgv(load, target)));
    case 'h2load':
      return parseH2load(await cluster.exec(pod, h2loadArgv(load, target)));
    case 'stream':
      return parseStream(await cluster.exec(pod, streamArgv(load, { host, port, seconds })));
  }
}

async function pace(
  cluster: Cluster,
  { pod, targets }: Standing,
  { scenario, seconds, rate }: Round & { readonly scenario: PacedScenario },
): Promise<LoadResult> {
  const { host, port } = targets[scenario.protocol];
  const target = { url: `http://${host}:${port}`, seconds };
  return parseWrk(await cluster.exec(pod, wrkArgv(atPace(scenario.load, rate), target)));
}

async function measureIdle(
  cluster: Cluster,
  { pod, targets, roots }: Standing,
  { connections, protocol }: IdleScenario,
): Promise<Figures> {
  if (roots().length === 0) return {};
  const { host, port } = targets[protocol];
  const before = usageOf(roots());
  const client = await cluster.spawn(pod, [
    ...[process.execPath, IDLE_CLIENT],
    ...[host, String(port), ALLOWED_PATH, String(connections)],
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
