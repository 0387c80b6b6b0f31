import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Finding } from '../../agent/src/record/finding.ts';
import type { OperationUsage } from '../../agent/src/record/operation-usage.ts';
import { decodeState } from '../../agent/src/roles/learned-file.ts';
import { type SandboxHandle, startSandbox } from '../../agent/src/sandbox/start-sandbox.ts';
import type { TopologyInput } from '../../agent/src/sandbox/topology/schema.ts';
import { anIssuer } from '../../agent/testing/tokens.ts';
import { adminGet, curl, eventuallyAsync, findingsOf, guardProfile, statusOf } from '../support/agent.ts';
import { Asker } from '../support/asker.ts';
import { followed, startRollout } from '../support/upgrade.ts';

const at = (folder: string, name: string) => join(import.meta.dirname, folder, name);
const MAIN = new URL('../../agent/src/cli/main.ts', import.meta.url).pathname;
const directory = mkdtempSync(join(tmpdir(), 'eastwall-ids-'));
const secret = join(directory, 'secret');

/** What takes a quarter of an hour and a week in earnest. */
const YOUNG_MS = 15_000;
const PROFILE = {
  detections: [{ id: 'object-enumeration', action: 'Block' }],
  enumeration: { warmupRequests: 100, warmupSeconds: 10, rolloutSeconds: 1, windowSeconds: 5 },
};
/** Ids of one page; a workload is known after so many pages. */
const PAGE = 20;
const WARM_PAGES = 10;
/** No faster, or a workload is told more ids by other nodes in a minute than are taken (5,000). */
const ROUND_MS = 125;
/** Of a walk; it is seen after a few of them. */
const WALK = 40;

const NODES = ['node-a', 'node-b'] as const;
const issuer = await anIssuer('https://id.example.com');

const caller = (name: string, node: string) => ({
  name,
  namespace: 'shop',
  node,
  owner: 'Deployment' as const,
  command: ['sleep', 'infinity'],
  ready: 'started' as const,
});

const TOPOLOGY: TopologyInput = {
  nodes: [...NODES],
  agents: {
    args: ['--provenance', `${YOUNG_MS}ms`, '--news', '1s', '--learned-every', '2s'],
    env: {
      EASTWALL_STORE: 'redis://store.data:6379',
      EASTWALL_STORE_SECRET_FILE: secret,
      EASTWALL_JWT_ISSUERS: `${issuer.issuer}=http://orders.shop/keys`,
    },
  },
  namespaces: [{ name: 'shop' }, { name: 'data' }],
  pods: [
    caller('walker', 'node-a'),
    caller('frontend', 'node-b'),
    caller('portal', 'node-a'),
    {
      name: 'worker',
      namespace: 'shop',
      owner: 'DaemonSet',
      command: ['sleep', 'infinity'],
      ready: 'started',
    },
    {
      name: 'orders',
      namespace: 'shop',
      node: 'node-b',
      command: ['node', at('servers', 'orders.mjs')],
      env: { KEYS: JSON.stringify(issuer.jwks) },
      ports: [8080],
    },
    {
      name: 'store',
      namespace: 'data',
      node: 'node-b',
      annotations: { 'eastwall.dev/capture': 'disabled' },
      command: ['redis-server', '--save', '', '--protected-mode', 'no', '--bind', '*'],
      ports: [6379],
    },
  ],
  services: [
    {
      name: 'orders',
      namespace: 'shop',
      selector: { app: 'orders' },
      ports: [{ port: 80, targetPort: 8080 }],
    },
    { name: 'store', namespace: 'data', selector: { app: 'store' }, ports: [6379] },
  ],
};

const USERS = ['ann', 'bob', 'cid', 'dot', 'eve'];
let sandbox: SandboxHandle;
let callers: Record<'walker' | 'frontend' | 'portal' | 'near' | 'far', Asker>;
let tokens: Record<string, string>;

// Nobody lists the same page twice, and nobody lists what is walked through.
let lastPage = 0;
const nextPage = () => ++lastPage;
let lastWalk = 700_000;
const unlisted = (count: number) => Array.from({ length: count }, () => 1_000_000 + 3 * ++lastWalk);

beforeAll(async () => {
  writeFileSync(secret, 'what all agents know\n');
  tokens = Object.fromEntries(
    await Promise.all([...USERS, 'mallory'].map(async (user) => [user, await issuer.tokenOf(user)] as const)),
  );
  sandbox = await startSandbox({ topology: TOPOLOGY });
  await sandbox.apply([guardProfile('all', PROFILE)]);
  const workers = await Promise.all(NODES.map(workerOn));
  const [walker, frontend, portal, near, far] = await Promise.all(
    ['shop/walker', 'shop/frontend', 'shop/portal', ...workers].map((pod) =>
      Asker.in(sandbox, pod, at('clients', 'asking.mjs')),
    ),
  );
  if (!walker || !frontend || !portal || !near || !far) throw new Error('somebody is missing');
  callers = { walker, frontend, portal, near, far };
  await warmUp();
});
afterAll(async () => {
  for (const asker of Object.values(callers ?? {})) await asker[Symbol.asyncDispose]();
  await sandbox?.stop();
  rmSync(directory, { recursive: true, force: true });
});

async function workerOn(node: string): Promise<string> {
  const field = `jsonpath={range .items[?(@.spec.nodeName=="${node}")]}{.metadata.name} {end}`;
  const { stdout } = await sandbox.kubectl(['get', 'pods', '-n', 'shop', '-o', field]);
  const name = stdout.split(' ').find((pod) => pod.startsWith('worker-'));
  return `shop/${name}`;
}

/** Usual work, until every caller has been known for long enough and has done enough of it. */
async function warmUp(): Promise<void> {
  const { walker, frontend, near, far } = callers;
  const rounds = async (count: number) => {
    for (let i = 0; i < count; i++)
      await Promise.all([
        ...[walker, frontend, near, far].map((asker) => listAndGet(asker)),
        portalRound('usual'),
      ]);
  };
  await rounds(1);
  for (const known = performance.now() + YOUNG_MS; performance.now() < known; )
    await Promise.all([rounds(1), pause(ROUND_MS)]);
  await rounds(WARM_PAGES);
}

async function listAndGet(asker: Asker): Promise<void> {
  expect(await asker.asks({ list: nextPage() })).toEqual(Array(PAGE).fill(200));
}

/** Users of one workload; two ids of each round nobody has listed. Usually that is nobody in particular. */
async function portalRound(of: 'usual' | 'mallory'): Promise<number[]> {
  const { portal } = callers;
  const statuses: number[] = [];
  const [user = '', other = ''] = [USERS[lastPage % USERS.length], USERS[(lastPage + 1) % USERS.length]];
  for (const one of [user, other])
    statuses.push(...(await portal.asks({ list: nextPage(), as: tokens[one] ?? '' })));
  for (const one of of === 'mallory' ? ['mallory', 'mallory'] : [user, other])
    statuses.push(...(await portal.asks({ get: unlisted(1), as: tokens[one] ?? '' })));
  return statuses;
}

const about = (findings: readonly Finding[], name: string) =>
  findings.filter(({ detection, caller }) => detection === 'object-enumeration' && caller.name === name);

const allAbout = async (name: string): Promise<Finding[]> =>
  about((await Promise.all(NODES.map((node) => findingsOf(sandbox, node)))).flat(), name);

const foundAbout = (name: string): Promise<Finding> =>
  eventuallyAsync(async () => {
    const [found] = await allAbout(name);
    if (found === undefined) throw new Error(`no finding about ${name}`);
    return found;
  });

async function eastwall(...args: string[]): Promise<string> {
  const sockets = NODES.flatMap((node) => ['--socket', sandbox.agentSocket(node)]);
  return (await promisify(execFile)(process.execPath, [MAIN, ...args, ...sockets])).stdout;
}

const countOf = (statuses: readonly number[], wanted: number) =>
  statuses.filter((status) => status === wanted).length;

test('who lists and gets what was listed is no finding, whoever does it', async () => {
  for (const name of ['walker', 'frontend', 'portal', 'worker']) expect(await allAbout(name)).toEqual([]);
});

test('what one pod of a workload lists another fetches on another node', async () => {
  const { near, far } = callers;
  const heard = async () => {
    const metrics = await adminGet(sandbox.agentSocket('node-b'), '/metrics');
    return Number(/eastwall_news_total\{result="heard"\} (\d+)/.exec(metrics)?.[1] ?? 0);
  };
  const pages = Array.from({ length: 3 }, nextPage);
  for (const page of pages) await near.asks({ only: page });
  // Messages come in their order: once one has come about what was listed later, this was heard as well.
  for (let i = 0; i < 2; i++) {
    const before = await heard();
    await near.asks({ only: nextPage() });
    await eventuallyAsync(async () => expect(await heard()).toBeGreaterThan(before));
  }
  const listed = pages.flatMap((page) =>
    Array.from({ length: PAGE }, (_, i) => 1_000_000 + 60 * page + 3 * i),
  );
  expect(await far.asks({ get: listed })).toEqual(listed.map(() => 200));
  expect(await allAbout('worker')).toEqual([]);
  const walked = await far.asks({ get: unlisted(WALK) });
  expect(walked.at(-1)).not.toBe(200);
  await foundAbout('worker');
});

test('who walks through ids that nobody has shown it is a finding, and refused', async () => {
  const { walker } = callers;
  const walked = await walker.asks({ get: unlisted(WALK) });
  const got = countOf(walked, 200);
  expect(got).toBeLessThanOrEqual(25);
  expect(walked.at(-1)).toBe(403);
  const found = await eventuallyAsync(async () => {
    const [finding] = await allAbout('walker');
    expect(finding).toMatchObject({ action: 'block' });
    return finding as Finding;
  });
  expect(found).toMatchObject({
    severity: 'high',
    destination: 'shop/orders:80',
    operation: 'GET /orders/{orderId}',
    evidence: { signals: expect.stringContaining('provenance'), shape: 'sequential' },
  });
  expect(found.explanation).toContain('asks for ids that it was never shown');
  // What it is shown it may still have, and nobody else has to suffer.
  await listAndGet(walker);
  await listAndGet(callers.frontend);
  expect(await allAbout('frontend')).toEqual([]);

  expect(await eastwall('findings')).toMatch(/object-enumeration.*walker/);
  const shown = await eastwall('findings', 'show', found.id);
  expect(shown).toContain('GET /orders/{orderId}');
  expect(shown).toMatch(/[▁▂▃▄▅▆▇█]/);
  expect(shown).not.toMatch(/\b3100\d{3}\b/);
});

test('ids in bodies are read before the server gets them', async () => {
  const { walker } = callers;
  const lookups = async () =>
    (
      JSON.parse((await curl(sandbox, 'shop/frontend', 'http://orders.shop/lookups/count')).body) as {
        lookups: number;
      }
    ).lookups;
  // Usual work at this operation: what was listed is looked up by body.
  for (let i = 0; i < WARM_PAGES; i++) {
    const page = nextPage();
    await walker.asks({ only: page });
    const ids = Array.from({ length: PAGE }, (_, n) => 1_000_000 + 60 * page + 3 * n);
    expect(await walker.asks({ post: ids })).toEqual(ids.map(() => 200));
  }
  const before = await lookups();
  const walked = await walker.asks({ post: unlisted(WALK) });
  expect(walked.at(-1)).not.toBe(200);
  expect(countOf(walked, 200)).toBeLessThanOrEqual(25);
  expect((await lookups()) - before).toBe(countOf(walked, 200));
});

test('one user who walks is found inside of a workload whose users do the like', async () => {
  for (let i = 0; i < 5; i++) await portalRound('usual');
  expect(await allAbout('portal')).toEqual([]);
  const statuses: number[] = [];
  await eventuallyAsync(async () => {
    statuses.push(...(await portalRound('mallory')));
    expect(await allAbout('portal')).toHaveLength(1);
  }, 60_000);
  expect(countOf(statuses, 200)).toBeGreaterThan(0);
});

test('of a workload that is listed more on one node than is told to the other, that is known there', async () => {
  const near = await workerOn('node-a');
  // Ten pages of a thousand, of which none has an id of another.
  const pages = 'http://orders.shop/orders?page=[0-450:50]&size=1000';
  await eventuallyAsync(async () => {
    await sandbox.exec(near, ['curl', '-s', '-o', '/dev/null', pages]);
    const { dataplanes } = await statusOf(sandbox, 'node-b');
    expect(dataplanes.flatMap(({ partlyKnown }) => partlyKnown)).toContain('shop/DaemonSet/worker');
    expect(await eastwall('status')).toContain('not held against them: shop/DaemonSet/worker');
  }, 60_000);
});

test('what was learnt outlives an upgrade, and is not about ids', async () => {
  const file = join(dirname(sandbox.agentSocket('node-a')), 'learned');
  await eventuallyAsync(async () => {
    const read = decodeState(await readFile(file));
    const kinds = read.ok ? read.value.learned.map(({ kind }) => kind) : [];
    expect(new Set(kinds)).toEqual(new Set(['operation', 'baseline', 'protocol']));
  });
  const text = gunzipSync((await readFile(file)).subarray('eastwall-learned 1 '.length + 65)).toString();
  expect(text).toContain('"orders"');
  expect(text).not.toMatch(/\b3100\d{3}\b|mallory/);

  const calls = async (): Promise<number> => {
    const { usages } = JSON.parse(await adminGet(sandbox.agentSocket('node-a'), '/apis')) as {
      usages: readonly OperationUsage[];
    };
    return usages.find(({ template }) => template === '/orders/{orderId}')?.callers['shop/walker'] ?? 0;
  };
  await eventuallyAsync(async () => expect(await calls()).toBeGreaterThan(WARM_PAGES * PAGE));
  const counted = await calls();
  const before = await statusOf(sandbox, 'node-a');
  await startRollout(sandbox);
  await followed(sandbox, before);
  expect(await calls()).toBeGreaterThanOrEqual(counted);
});
