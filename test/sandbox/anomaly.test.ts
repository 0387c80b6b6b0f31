import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { ANOMALY_LIMITS, GuardProfiles } from '@eastwall/policy';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Finding } from '../../agent/src/record/finding.ts';
import type { OperationUsage } from '../../agent/src/record/operation-usage.ts';
import { AnomalyWatch } from '../../agent/src/roles/anomaly-watch.ts';
import { encodeState } from '../../agent/src/roles/learned-file.ts';
import { type SandboxHandle, startSandbox } from '../../agent/src/sandbox/start-sandbox.ts';
import type { TopologyInput } from '../../agent/src/sandbox/topology/schema.ts';
import { aUsage } from '../../agent/testing/operation-usage.ts';
import { adminGet, curl, eventuallyAsync, findingsOf, guardProfile, statusOf } from '../support/agent.ts';

/* Baselines take weeks: the agent finds them in the file that another one has left, and then sees real traffic. */

const MAIN = new URL('../../agent/src/cli/main.ts', import.meta.url).pathname;
const learned = mkdtempSync(join(tmpdir(), 'eastwall-anomaly-'));
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const PATIENCE_MS = 60_000;

/** Calls that each of these usually makes in an hour, and bytes that it receives. */
const USUAL = { calls: 40, bytes: 40_000 };
const KNOWN = [
  'shop/caller',
  'shop/reader',
  'shop/prober',
  'shop/wanderer',
  'shop/steady',
  'shop/last',
  'batch/export',
];

const sleeper = (name: string, namespace: string) => ({
  name,
  namespace,
  owner: 'Deployment' as const,
  command: ['sleep', 'infinity'],
  ready: 'started' as const,
});

const server = (name: string) => ({
  name,
  namespace: 'shop',
  command: ['node', join(import.meta.dirname, 'servers', 'sized.mjs')],
  ports: [8080],
});

const service = (name: string) => ({
  name,
  namespace: 'shop',
  selector: { app: name },
  ports: [{ port: 80, targetPort: 8080 }],
});

const TOPOLOGY: TopologyInput = {
  nodes: ['node-a'],
  agents: { args: ['--learned-dir', learned] },
  namespaces: [{ name: 'shop' }, { name: 'batch' }],
  pods: [
    ...[...KNOWN, 'shop/newcomer'].map((caller) => {
      const [namespace = '', name = ''] = caller.split('/');
      return sleeper(name, namespace);
    }),
    server('orders'),
    server('archive'),
  ],
  services: [service('orders'), service('archive')],
};

/** As long as these tests take on a slow machine; calls of two hours are not added up, and one hour is measured by the other. */
const ALL_TESTS_MS = 120_000;

let sandbox: SandboxHandle;
beforeAll(async () => {
  const left = HOUR_MS - (Date.now() % HOUR_MS);
  if (left < ALL_TESTS_MS) await pause(left);
  const anomalies = threeWeeks();
  writeFileSync(join(learned, 'learned'), await encodeState({ catalog: [], learned: [], anomalies }));
  sandbox = await startSandbox({ topology: TOPOLOGY });
  await eventuallyAsync(async () => {
    const { pods } = await statusOf(sandbox, 'node-a');
    expect(pods.filter(({ state }) => state === 'enrolled')).toHaveLength(TOPOLOGY.pods?.length ?? 0);
  }, PATIENCE_MS);
}, ALL_TESTS_MS + 120_000);
afterAll(async () => {
  await sandbox?.stop();
  rmSync(learned, { recursive: true, force: true });
});

/** What an agent knows that has seen hours like each other, until now. */
function threeWeeks(): Uint8Array {
  const end = Date.now();
  let now = end - 21 * DAY_MS;
  const watch = new AnomalyWatch({
    limits: ANOMALY_LIMITS,
    now: () => now,
    monotonic: () => now,
    note: () => expect.unreachable(),
    quarantine: () => {},
    profiles: () => GuardProfiles.empty(),
    workload: () => null,
  });
  const each = (amount: number) => Object.fromEntries(KNOWN.map((caller) => [caller, amount]));
  for (; now < end; now += HOUR_MS)
    watch.look([aUsage({ callers: each(USUAL.calls), receivedBy: each(USUAL.bytes) })]);
  now = end;
  return watch.save();
}

/** As many calls as curl makes of the brackets in the URL; resolves when the agent has looked at them. */
async function asks(caller: string, url: string, method = 'GET'): Promise<void> {
  const before = await counted(caller);
  const given = ['curl', '-sf', '-o', '/dev/null', '-w', '%{http_code} ', '-X', method, url];
  const { code, stdout } = await sandbox.exec(caller, given);
  expect(code).toBe(0);
  const calls = before + stdout.trim().split(' ').length;
  await eventuallyAsync(async () => expect(await counted(caller)).toBe(calls), PATIENCE_MS);
}

async function counted(caller: string): Promise<number> {
  const { usages } = JSON.parse(await adminGet(sandbox.agentSocket('node-a'), '/apis')) as {
    usages: readonly OperationUsage[];
  };
  return usages.reduce((sum, { callers }) => sum + (callers[caller] ?? 0), 0);
}

/** Goes on until there is a finding: how often it has to be done is up to what is usual. */
const foundBy = (caller: string, detection: string, work: () => Promise<unknown>): Promise<Finding> =>
  eventuallyAsync(async () => {
    await work();
    const found = (await about(caller)).find((finding) => finding.detection === detection);
    if (found === undefined) throw new Error(`no ${detection} about ${caller}`);
    return found;
  }, PATIENCE_MS);

const about = async (caller: string): Promise<Finding[]> =>
  (await findingsOf(sandbox, 'node-a')).filter(
    (finding) => `${finding.caller.namespace}/${finding.caller.name}` === caller,
  );

async function eastwall(...args: string[]): Promise<string> {
  const given = [MAIN, ...args, '--socket', sandbox.agentSocket('node-a')];
  return (await promisify(execFile)(process.execPath, given)).stdout;
}

test('many times more calls than usual are a finding that says so', async () => {
  const found = await foundBy('shop/caller', 'call-anomaly', () =>
    asks('shop/caller', 'http://orders.shop/orders/[1-100]'),
  );
  expect(found).toMatchObject({
    severity: 'medium',
    destination: 'shop/orders:80',
    operation: 'GET /orders/{orderId}',
    action: 'log',
  });
  const { amount, usual, multiple } = found.evidence as Record<string, number>;
  expect(usual).toBeCloseTo(USUAL.calls, -1);
  expect(amount).toBeGreaterThanOrEqual(ANOMALY_LIMITS.leastCalls);
  expect(multiple).toBeGreaterThanOrEqual(ANOMALY_LIMITS.leastMultiple);
  expect(found.explanation).toBe(
    `has made ${amount} calls in this hour, ${multiple} times what it usually does at this hour of the week`,
  );
  expect((await about('shop/caller')).map(({ detection }) => detection)).toEqual(['call-anomaly']);

  expect(await eastwall('findings')).toMatch(/call-anomaly.*caller/);
  const shown = await eastwall('findings', 'show', found.id);
  // By now there may be more of them than when it was found.
  expect(shown).toMatch(/has made \d+ calls in this hour, [\d.]+ times what it usually does/);
  expect(shown).toContain('GET /orders/{orderId}');
});

test('many times more bytes than usual, in no more calls, are a finding', async () => {
  const found = await foundBy('shop/reader', 'volume-anomaly', () =>
    asks('shop/reader', 'http://orders.shop/orders/[1-2]?bytes=1000000'),
  );
  expect(found).toMatchObject({ operation: 'GET /orders/{orderId}', destination: 'shop/orders:80' });
  expect(found.explanation).toMatch(
    /^has received [\d.]+ KiB in this hour, [\d.]+ times what it usually does/,
  );
  expect((await about('shop/reader')).map(({ detection }) => detection)).toEqual(['volume-anomaly']);
});

test('who looks round among the operations of a service is a finding', async () => {
  const found = await foundBy('shop/prober', 'operation-anomaly', async () => {
    for (const method of ['GET', 'POST', 'PUT', 'DELETE'])
      await asks('shop/prober', 'http://orders.shop/{orders,refunds,users}', method);
  });
  expect(found).toMatchObject({ destination: 'shop/orders:80', operation: '' });
  expect(found.explanation).toMatch(/^has called \d+ operations in this hour, [\d.]+ times/);
});

test('the first call of a service by somebody who is known for long is a finding', async () => {
  const found = await foundBy('shop/wanderer', 'new-edge', () =>
    asks('shop/wanderer', 'http://archive.shop/files/1'),
  );
  expect(found).toMatchObject({
    destination: 'shop/archive:80',
    explanation: 'calls it for the first time, though it has been running for long',
  });
});

test('what a caller usually does is none, nor what somebody does who is not known yet', async () => {
  await asks('shop/steady', `http://orders.shop/orders/[1-${USUAL.calls}]?bytes=1000`);
  await asks('shop/newcomer', 'http://orders.shop/orders/[1-400]?bytes=20000');
  await asks('shop/newcomer', 'http://archive.shop/files/[1-10]');
  // Findings come in their order: one that comes later shows that there was none.
  await foundBy('shop/last', 'new-edge', () => asks('shop/last', 'http://archive.shop/files/1'));
  expect(await about('shop/steady')).toEqual([]);
  expect(await about('shop/newcomer')).toEqual([]);
});

test('where the profile says so, a caller is set aside, and nobody else', async () => {
  await sandbox.apply([
    guardProfile('batch', {
      namespaces: ['batch'],
      detections: [{ id: 'volume-anomaly', action: 'Quarantine' }],
    }),
  ]);
  const once = 'http://orders.shop/orders/1?bytes=1000000';
  await eventuallyAsync(async () => {
    const { status } = await curl(sandbox, 'batch/export', '-o', '/dev/null', once);
    expect(status).toBe(403);
  }, PATIENCE_MS);
  await eventuallyAsync(async () => {
    const [found] = await about('batch/export');
    expect(found).toMatchObject({ detection: 'volume-anomaly', action: 'quarantine' });
  });
  await asks('shop/steady', once);
});
