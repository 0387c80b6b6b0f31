import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type SandboxHandle, startSandbox } from '../../agent/src/sandbox/start-sandbox.ts';
import type { TopologyInput } from '../../agent/src/sandbox/topology/schema.ts';
import { apiPolicy, curl, eventuallyAsync, statusOf } from '../support/agent.ts';
import { KeptWrk, Lines, NOTHING_FAILED } from '../support/load.ts';
import { followed, rolledOut } from '../support/upgrade.ts';
import { ALLOWED, CALLER, DENIED, NODE, POLICY, STRANGER, TOPOLOGY } from './topology.ts';

/**
 * Upgrades and rollbacks between this version and another one, whose checkout (with `node_modules`) this variable names.
 * Without it there is nothing to test. From and to versions before d7d7014, connections that are kept are reset once: only
 * one of the two tracks its connections in a zone of their own.
 */
const OTHER = process.env['EASTWALL_OTHER_VERSION'] ?? '';
const HERE = join(import.meta.dirname, '../..');

const directory = mkdtempSync(join(tmpdir(), 'versions-'));
const collector = (mode: 'ok' | '503') => writeFileSync(join(directory, 'mode'), mode);

/** The agent's entry in a checkout: its bundle where there is one. */
function entry(checkout: string): string {
  const bundle = join(checkout, 'agent/dist/cli/main.js');
  return existsSync(bundle) ? bundle : join(checkout, 'agent/src/cli/main.ts');
}

/** Variables, since a version leaves those alone that it does not know. */
const ENV = {
  EASTWALL_GATE_TIMEOUT: '2m',
  EASTWALL_STORE: 'redis://store.shop:6379',
  EASTWALL_WEBHOOK_URL: 'http://collector.shop:8080/hook',
  EASTWALL_WEBHOOK_TOKEN_FILE: join(directory, 'token'),
  EASTWALL_EXPORT_LINGER: '50ms',
  EASTWALL_EXPORT_MAX_RETRY_DELAY: '1s',
  EASTWALL_LEARNED_EVERY: '5s',
};

const COLLECTOR = join(HERE, 'test/events/servers/collector.mjs');
const server = (name: string, port: number, command: string[]) => ({
  name,
  namespace: 'shop',
  labels: { app: name },
  command,
  ports: [port],
});
const service = (name: string, port: number) => ({
  name,
  namespace: 'shop',
  selector: { app: name },
  ports: [{ port }],
});

/** All on one node. */
const topology = (): TopologyInput => ({
  nodes: [NODE],
  namespaces: [{ name: 'shop' }],
  agents: { program: entry(OTHER), env: ENV },
  pods: [
    ...(TOPOLOGY.pods ?? []).filter(({ name }) => name !== 'streams'),
    server('store', 6379, ['redis-server', '--bind', '*', '-::*', '--protected-mode', 'no', '--save', '']),
    server('collector', 8080, ['node', COLLECTOR, directory]),
  ].map((pod) => ({ ...pod, node: NODE })),
  services: [
    ...(TOPOLOGY.services ?? []).filter(({ name }) => name === 'web'),
    service('store', 6379),
    service('collector', 8080),
  ],
});

const LIMITED = 'http://web.shop/limited/7';
const limited = {
  name: 'limited',
  action: 'Allow',
  from: [{ serviceAccount: 'frontend' }],
  to: [{ methods: ['GET'], path: '/limited/{id:int}' }],
  limits: [{ key: 'Workload', rate: '5/h', burst: 5 }],
};

/** So many requests that count for the limit; how many passed. */
async function passed(count: number): Promise<number> {
  let found = 0;
  for (let asked = 0; asked < count; asked++)
    if ((await curl(sandbox, CALLER, LIMITED)).status === 200) found++;
  return found;
}

async function rollTo(checkout: string): Promise<void> {
  const value = [process.execPath, entry(checkout), 'agent'];
  const patch = [{ op: 'replace', path: '/spec/template/spec/containers/0/command', value }];
  const { code, stderr } = await sandbox.kubectl([
    ...['patch', '-n', 'eastwall-system', 'daemonset', 'eastwall', '--type=json'],
    ...['-p', JSON.stringify(patch)],
  ]);
  expect(code, stderr).toBe(0);
}

/** Decisions that the receiver of events has been told. */
const told = (): number =>
  readFileSync(join(directory, 'received.jsonl'), 'utf8')
    .split('\n')
    .slice(0, -1)
    .flatMap((line) => JSON.parse((JSON.parse(line) as { body: string }).body) as unknown[]).length;

let sandbox: SandboxHandle;
describe.runIf(OTHER !== '')('agents of two versions', () => {
  beforeAll(async () => {
    writeFileSync(join(directory, 'received.jsonl'), '');
    writeFileSync(join(directory, 'token'), 'of-the-siem\n');
    collector('503');
    sandbox = await startSandbox({ topology: topology() });
    await sandbox.apply([apiPolicy('web', { ...POLICY, rules: [...POLICY.rules, limited] })]);
    await eventuallyAsync(async () => {
      expect(await curl(sandbox, CALLER, ALLOWED)).toMatchObject({ status: 200 });
      expect(await curl(sandbox, CALLER, DENIED)).toMatchObject({ status: 403 });
    });
    await passed(8);
  });
  afterAll(async () => {
    await sandbox?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  test.each([
    ['this version', HERE],
    ['the other', OTHER],
  ])(
    'over to %s under load: nothing fails, and what is denied or used up stays so',
    async (_, checkout) => {
      const before = await statusOf(sandbox, NODE);
      await using short = await Lines.curls(sandbox, CALLER, ALLOWED);
      await using denied = await Lines.curls(sandbox, STRANGER, ALLOWED);
      await using kept = new KeptWrk(sandbox, CALLER, { url: ALLOWED, seconds: 30, connections: 4 });
      await rollTo(checkout);
      await followed(sandbox, before);
      await short.more('200 0', 5);
      await denied.more('403 0', 5);
      await rolledOut(sandbox, NODE);
      for (const { requests: _requests, ...failures } of await kept.stop())
        expect(failures).toEqual(NOTHING_FAILED);
      expect([Object.keys(short.counts), Object.keys(denied.counts)]).toEqual([['200 0'], ['403 0']]);
      // A first one may pass before the agent has heard of Redis what is left.
      expect(await passed(3)).toBeLessThanOrEqual(1);
    },
    300_000,
  );

  test('events that waited in the spools of all are delivered', async () => {
    const { sinks } = await statusOf(sandbox, NODE);
    expect(sinks[0]?.waitingBytes).toBeGreaterThan(0);
    collector('ok');
    await eventuallyAsync(async () => {
      expect((await statusOf(sandbox, NODE)).sinks[0]).toMatchObject({ waitingBytes: 0, problem: null });
    });
    expect(told()).toBeGreaterThan(10);
  });
});
