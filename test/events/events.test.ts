import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { SinkStatus } from '../../agent/src/admin/agent-status.ts';
import { type SandboxHandle, startSandbox } from '../../agent/src/sandbox/start-sandbox.ts';
import { violations } from '../../agent/testing/ocsf-schema.ts';
import { readLogs, readSpans } from '../../agent/testing/otlp-reader.ts';
import { apiPolicy, curl, eventuallyAsync, statusOf } from '../support/agent.ts';
import { controlProcess } from '../support/processes.ts';
import { followed } from '../support/upgrade.ts';
import { CALLER, NODE, topology } from './topology.ts';

const PATIENCE_MS = 60_000;
const POLICY = {
  target: { services: ['web'] },
  mode: 'Enforce',
  rules: [{ name: 'read', action: 'Allow', to: [{ methods: ['GET'], path: '/orders/{id:int}' }] }],
};
const TRACE = 'a'.repeat(32);
const SPAN = 'b'.repeat(16);
const SECRET = 's3cret';

let directory = '';
let sandbox: SandboxHandle;

type Mode = 'ok' | '503' | 'stall' | 'die';
const collector = (mode: Mode) => writeFileSync(join(directory, 'mode'), mode);

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'events-'));
  writeFileSync(join(directory, 'received.jsonl'), '');
  writeFileSync(join(directory, 'token'), 'of-the-siem\n');
  collector('ok');
  sandbox = await startSandbox({ topology: topology(directory) });
  await sandbox.apply([apiPolicy('web', POLICY)]);
  await eventuallyAsync(async () =>
    expect(await curl(sandbox, CALLER, 'http://web.shop/admin')).toMatchObject({ status: 403 }),
  );
});
afterAll(async () => {
  await sandbox?.stop();
  rmSync(directory, { recursive: true, force: true });
});
beforeEach(() => collector('ok'));

/** So many refused requests on one connection, each for a path of its own; their decision ids. */
async function refused(count: number, ...args: string[]): Promise<string[]> {
  const url = `http://web.shop/vault/${SECRET}-[1-${count}]`;
  const { stdout } = await sandbox.exec(CALLER, ['curl', '-s', '-D', '-', '-o', '/dev/null', ...args, url]);
  const ids = [...stdout.matchAll(/^eastwall-decision: (\S+)/gm)].map(([, id = '']) => id);
  expect(ids).toHaveLength(count);
  return ids;
}

/** Bodies that the collector has got at a path, oldest first. */
const bodiesAt = (url: string): string[] =>
  readFileSync(join(directory, 'received.jsonl'), 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as { url: string; body: string })
    .filter((received) => received.url === url)
    .map(({ body }) => body);

interface Event {
  readonly class_uid: number;
  readonly metadata: { readonly uid: string };
}

const posted = (): Event[] => bodiesAt('/hook').flatMap((body) => JSON.parse(body) as Event[]);
const uidsPosted = (): string[] => posted().map(({ metadata }) => metadata.uid);
const logs = () => bodiesAt('/otlp/v1/logs').flatMap(readLogs);
const spans = () => bodiesAt('/otlp/v1/traces').flatMap(readSpans);

/** Waits until everybody has been told of these decisions. */
const allTold = (ids: readonly string[]) =>
  eventuallyAsync(async () => {
    expect(uidsPosted()).toEqual(expect.arrayContaining([...ids]));
    const logged = logs().map(({ attributes }) => attributes['eastwall.decision']);
    expect(logged).toEqual(expect.arrayContaining([...ids]));
    expect(spans().map(({ attributes }) => attributes['eastwall.decision'])).toEqual(
      expect.arrayContaining([...ids]),
    );
  }, PATIENCE_MS);

async function sink(name: string): Promise<SinkStatus> {
  const found = (await statusOf(sandbox, NODE)).sinks.find((status) => status.sink === name);
  if (found === undefined) throw new Error(`no sink ${name}`);
  return found;
}

/** Waits until the sinks have written so many more events down than before. */
async function accepting(count: number, work: () => Promise<unknown>): Promise<void> {
  const names = ['webhook', 'otlp-logs', 'otlp-traces'];
  const before = await Promise.all(names.map(sink));
  await work();
  await eventuallyAsync(async () => {
    const now = await Promise.all(names.map(sink));
    expect(now.map(({ accepted }, index) => accepted - (before[index]?.accepted ?? 0))).toEqual(
      names.map(() => count),
    );
  });
}

test('events arrive as OCSF and as OTLP, and hold nothing of the paths that were asked for', async () => {
  const ids = await refused(20);
  await allTold(ids);
  expect(posted().flatMap(violations)).toEqual([]);
  expect(posted().find(({ metadata }) => metadata.uid === ids[0])).toMatchObject({
    class_uid: 4002,
    actor: { app_name: 'shop/Deployment/frontend' },
    policy: { name: 'shop/web' },
    http_request: { url: { path: '/**' } },
  });
  expect(readFileSync(join(directory, 'received.jsonl'), 'utf8')).not.toContain(SECRET);
});

test('a span belongs to the trace of its request, and there is none where that is not sampled', async () => {
  const [joined = ''] = await refused(1, '-H', `traceparent: 00-${TRACE}-${SPAN}-01`);
  await allTold([joined]);
  const own = spans().find(({ attributes }) => attributes['eastwall.decision'] === joined);
  expect(own).toMatchObject({ traceId: TRACE, parentSpanId: SPAN, resource: { 'service.name': 'frontend' } });
  const [unsampled = ''] = await refused(1, '-H', `traceparent: 00-${TRACE}-${SPAN}-00`);
  const [after = ''] = await refused(1);
  await allTold([after]);
  const told = spans().map(({ attributes }) => attributes['eastwall.decision']);
  expect(told).not.toContain(unsampled);
});

test('a receiver that is busy or silent holds up nobody, and gets everything in the end', async () => {
  collector('stall');
  const stalled = await refused(10);
  await eventuallyAsync(async () => expect((await sink('webhook')).problem).not.toBeNull());
  collector('503');
  const busy = await refused(10);
  collector('ok');
  await allTold([...stalled, ...busy]);
  await eventuallyAsync(async () =>
    expect(await sink('webhook')).toMatchObject({ problem: null, waitingBytes: 0 }),
  );
});

test('nothing that was accepted is lost when the agent is killed and the receiver dies; what comes twice has one uid', async () => {
  collector('503');
  let ids: string[] = [];
  await accepting(60, async () => {
    ids = await refused(60);
  });
  const before = await statusOf(sandbox, NODE);
  process.kill(controlProcess(sandbox, NODE), 'SIGKILL');
  // It writes down what it gets, and dies before it says so.
  collector('die');
  await followed(sandbox, before);
  await eventuallyAsync(async () => expect(uidsPosted()).toContain(ids[0]), PATIENCE_MS);
  collector('ok');
  await allTold(ids);
  const times = Map.groupBy(uidsPosted(), (uid) => uid);
  expect(times.get(ids[0] ?? '')?.length).toBeGreaterThan(1);
  const twice = spans().filter(({ attributes }) => attributes['eastwall.decision'] === ids[0]);
  expect(new Set(twice.map(({ spanId }) => spanId)).size).toBe(1);
});

test('the event file is rotated, whole lines, and no more files than may be', async () => {
  for (let round = 0; round < 3; round++) await refused(100);
  // While files are renamed, one of the three is not there.
  await eventuallyAsync(async () => {
    const names = readdirSync(directory).filter((name) => name.startsWith('events.jsonl'));
    expect(names.sort()).toEqual(['events.jsonl', 'events.jsonl.1', 'events.jsonl.2']);
    for (const name of names.slice(1)) {
      expect(statSync(join(directory, name)).size).toBeLessThanOrEqual(64 << 10);
      const lines = readFileSync(join(directory, name), 'utf8').split('\n').slice(0, -1);
      expect(lines.flatMap((line) => violations(JSON.parse(line) as object))).toEqual([]);
    }
  });
});

test('a finding becomes one Event on the pod of its caller', async () => {
  await curl(sandbox, CALLER, 'http://web.shop/orders/1');
  for (let i = 0; i < 3; i++) await curl(sandbox, CALLER, 'http://169.254.169.254/latest/', '-m', '1');
  const pods = await sandbox.kubectl(['get', 'pods', '-n', 'shop', '-o', 'json']);
  const { items } = JSON.parse(pods.stdout) as { items: { metadata: { name: string; uid: string } }[] };
  const caller = items.find(({ metadata }) => metadata.name.startsWith('frontend'));
  await eventuallyAsync(async () => {
    const { stdout } = await sandbox.kubectl(['get', 'events', '-n', 'shop', '-o', 'json']);
    const told = (JSON.parse(stdout) as { items: { reason: string; involvedObject: object }[] }).items;
    const own = told.filter(({ reason }) => reason === 'MetadataAccess');
    expect(own).toMatchObject([{ involvedObject: { kind: 'Pod', uid: caller?.metadata.uid } }]);
  });
  await eventuallyAsync(async () => expect(posted().map(({ class_uid }) => class_uid)).toContain(2004));
});
