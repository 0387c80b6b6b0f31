import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { LIMIT_SPENDINGS, type LimitSpending } from '../../agent/src/admin/agent-status.ts';
import { type SandboxHandle, startSandbox } from '../../agent/src/sandbox/start-sandbox.ts';
import type { TopologyInput } from '../../agent/src/sandbox/topology/schema.ts';
import { adminGet, apiPolicy, curl, eventuallyAsync, flowsOf, statusOf } from '../support/agent.ts';
import { eventually } from '../support/eventually.ts';
import { KeptWrk, Lines, NOTHING_FAILED } from '../support/load.ts';
import { agentPods } from '../support/upgrade.ts';

const at = (folder: string, name: string) => join(import.meta.dirname, folder, name);
const sleeper = (name: string, node: string) => ({
  name,
  namespace: 'shop',
  node,
  serviceAccount: 'frontend',
  command: ['sleep', 'infinity'],
  ready: 'started' as const,
});

/** Callers on two nodes whose agents share limits in a Redis that can be made late. */
const TOPOLOGY: TopologyInput = {
  nodes: ['node-a', 'node-b'],
  agents: {
    env: { EASTWALL_STORE: 'redis://store.data:6379' },
    args: ['--events-per-second', '100000'],
  },
  namespaces: [{ name: 'shop' }, { name: 'data' }],
  pods: [
    sleeper('one', 'node-a'),
    sleeper('two', 'node-b'),
    {
      name: 'web',
      namespace: 'shop',
      node: 'node-b',
      command: ['nginx', '-c', at('servers', 'nginx.conf')],
      ports: [8080],
    },
    {
      name: 'store',
      namespace: 'data',
      node: 'node-b',
      annotations: { 'eastwall.dev/capture': 'disabled' },
      command: ['node', at('servers', 'late-redis.mjs')],
      ports: [6379, 8099],
    },
  ],
  services: [
    { name: 'web', namespace: 'shop', selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080 }] },
    {
      name: 'store',
      namespace: 'data',
      selector: { app: 'store' },
      ports: [6379, 8099].map((port) => ({ name: `p${port}`, port, targetPort: port })),
    },
  ],
};

const NODES = ['node-a', 'node-b'] as const;
const URL = 'http://web.shop/orders/1';

let sandbox: SandboxHandle;
beforeAll(async () => {
  sandbox = await startSandbox({ topology: TOPOLOGY });
  for (const node of NODES)
    await eventuallyAsync(async () => expect((await limitsOf(node)).store.problem).toBeNull());
});
afterAll(() => sandbox?.stop());
afterEach(async () => {
  await tellStore('/live');
  await late(0);
  await sandbox.remove('apipolicies.eastwall.dev', 'shop', 'web');
});

const tellStore = (what: string) =>
  sandbox.exec('data/store', ['curl', '-s', `http://127.0.0.1:8099${what}`]);
/** Whole milliseconds that the store takes to answer. */
const late = (ms: number) => tellStore(`/?ms=${ms}`);

const limit = (limits: readonly object[], mode?: string): Promise<void> =>
  govern([{ name: 'read', action: 'Allow', limits }], mode);

async function govern(rules: readonly object[], mode = 'Enforce'): Promise<void> {
  await sandbox.apply([apiPolicy('web', { target: { services: ['web'] }, mode, rules })]);
  for (const node of NODES)
    await eventuallyAsync(async () =>
      expect((await statusOf(sandbox, node)).policies).toMatchObject([{ policy: 'shop/web', mode }]),
    );
}

/** Status codes of so many requests of a pod, each on a connection of its own. */
async function statuses(pod: string, count: number): Promise<number[]> {
  const found: number[] = [];
  for (let i = 0; i < count; i++) found.push((await curl(sandbox, pod, URL)).status);
  return found;
}

const limitsOf = async (node: string) => (await statusOf(sandbox, node)).limits;

/** What so many requests, all that there were, were admitted by or refused for on both nodes. */
const spentOnBoth = (requests: number) =>
  eventuallyAsync(async () => {
    const nodes = await Promise.all(NODES.map(async (node) => (await limitsOf(node)).spent));
    const both = (how: LimitSpending) => nodes.reduce((sum, spent) => sum + spent[how], 0);
    expect(LIMIT_SPENDINGS.reduce((sum, how) => sum + both(how), 0)).toBe(requests);
    return { share: both('share'), open: both('open') };
  });

test('callers on two nodes draw on one bucket, and whoever finds none left is told when to come back', async () => {
  await limit([{ key: 'All', rate: '12/h', burst: 12 }]);
  const codes = [await statuses('shop/one', 10), await statuses('shop/two', 10)].flat();
  const refused = await eventuallyAsync(async () => {
    const answer = await curl(sandbox, 'shop/two', '-i', URL);
    codes.push(answer.status);
    expect(answer.status).toBe(429);
    return answer;
  });
  const admitted = codes.filter((code) => code === 200).length;
  // On a busy machine the store may be late, and what nodes then admit of their shares is none of the bucket's.
  const { share, open } = await spentOnBoth(codes.length);
  // Each node may let its first requests pass before it has heard of the other.
  expect(admitted).toBeGreaterThanOrEqual(10);
  expect(admitted - share - open).toBeLessThanOrEqual(12 + 3);
  expect(refused.body).toMatch(
    /retry-after: \d+\r\nratelimit-policy: "read";q=12;w=3600\r\nratelimit: "read";r=0;t=\d+/,
  );
  expect(refused.body).toContain('"reason":"rate_limited"');
  await eventuallyAsync(async () =>
    expect((await flowsOf(sandbox, 'node-b')).at(-1)).toMatchObject({
      verdict: 'deny',
      reason: 'rate_limited',
      status: 429,
      rule: 'read',
    }),
  );

  await eventuallyAsync(async () =>
    expect(await limitsOf('node-b')).toMatchObject({
      mode: 'lease',
      store: { kind: 'redis', problem: null },
      spent: { limited: expect.toSatisfy((count) => count > 0) },
    }),
  );
  await eventuallyAsync(async () => {
    const metrics = await adminGet(sandbox.agentSocket('node-b'), '/metrics');
    expect(metrics).toContain('eastwall_limit_store_up{kind="redis"} 1');
    expect(metrics).toMatch(
      /eastwall_limit_requests_total\{policy="shop\/web",limit="read",result="refused"\} \d+/,
    );
  });
});

test('in Audit nothing is refused, and what would be is recorded', async () => {
  await limit([{ key: 'Pod', rate: '2/h' }], 'Audit');
  expect(await statuses('shop/one', 5)).toEqual([200, 200, 200, 200, 200]);
  await eventuallyAsync(async () =>
    expect((await flowsOf(sandbox, 'node-a')).at(-1)).toMatchObject({
      verdict: 'would-deny',
      reason: 'rate_limited',
      status: 200,
    }),
  );
});

interface Latency {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  readonly statuses: Readonly<Record<string, number>>;
}

test('a store that answers after five seconds makes no request wait', async () => {
  await limit([{ key: 'All', rate: '100000/s' }]);
  const measure = async (): Promise<Latency> => {
    const { stdout } = await sandbox.exec('shop/one', ['node', at('clients', 'latency.mjs'), URL, '2000']);
    return JSON.parse(stdout) as Latency;
  };
  await measure();
  const rounds: { prompt: Latency; behind: Latency }[] = [];
  for (let i = 0; i < 3; i++) {
    await late(0);
    await eventuallyAsync(async () => {
      await curl(sandbox, 'shop/one', URL);
      expect((await limitsOf('node-a')).store.problem).toBeNull();
    });
    const prompt = await measure();
    await late(5_000);
    const behind = await measure();
    await eventuallyAsync(async () => {
      await curl(sandbox, 'shop/one', URL);
      expect((await limitsOf('node-a')).store.problem).toContain('do not answer');
    });
    rounds.push({ prompt, behind });
  }
  for (const { prompt, behind } of rounds) {
    expect([prompt.statuses, behind.statuses]).toEqual([{ 200: 2_000 }, { 200: 2_000 }]);
    expect(behind.max).toBeLessThan(5_000);
  }
  const best = (which: 'prompt' | 'behind') => Math.min(...rounds.map((round) => round[which].p99));
  process.stderr.write(
    `p99 with a prompt and a late store, ms: ${JSON.stringify(rounds.map(({ prompt, behind }) => [prompt.p99, behind.p99]))}\n`,
  );
  expect(best('behind') / best('prompt')).toBeLessThan(2);
  await eventuallyAsync(async () => {
    const { mode, spent } = await limitsOf('node-a');
    expect([mode, spent.share > 0]).toEqual(['share', true]);
  });
  await late(0);
  await eventuallyAsync(async () => {
    await curl(sandbox, 'shop/one', URL);
    expect(await limitsOf('node-a')).toMatchObject({ mode: 'lease', store: { problem: null } });
  });
});

/** At most so much of a limit is admitted while the store is away (docs/limits.md). */
const SHARES = 1.25;
/** Callers that are slow on a busy machine still ask for more than that. */
const SCARCE = { name: 'scarce', url: 'http://web.shop/scarce', rate: 1, burst: 4 };

/** Refusals for want of room that the agents of both nodes have told as events. */
async function eventsTold(): Promise<number> {
  let told = 0;
  for (const node of NODES)
    for (const pod of await agentPods(sandbox, node))
      told += (await sandbox.logs(`eastwall-system/${pod}`)).split('"rate_limited"').length - 1;
  return told;
}

const modes = async (): Promise<string[]> =>
  Promise.all(NODES.map(async (node) => (await limitsOf(node)).mode));

test.each([
  ['hangs', '/hang'],
  ['dies', '/die'],
])('the store %s under load: nothing fails, and limits hold until it is back', async (_, end) => {
  await govern([
    {
      name: 'read',
      action: 'Allow',
      to: [{ path: '/orders/**' }],
      limits: [{ key: 'Pod', rate: '1000000/s' }],
    },
    {
      name: SCARCE.name,
      action: 'Allow',
      to: [{ path: '/scarce' }],
      limits: [{ key: 'All', rate: `${SCARCE.rate}/s`, burst: SCARCE.burst }],
    },
  ]);
  await using busy = new KeptWrk(sandbox, 'shop/one', { url: URL, seconds: 2, connections: 4 });
  await using one = await Lines.curls(sandbox, 'shop/one', SCARCE.url);
  await using two = await Lines.curls(sandbox, 'shop/two', SCARCE.url);
  const admitted = () => [one, two].reduce((sum, { counts }) => sum + (counts['200 0'] ?? 0), 0);
  const refusals = (count: number) => Promise.all([one.more('429 0', count), two.more('429 0', count)]);
  await refusals(10);

  await tellStore(end);
  await eventuallyAsync(async () => expect(await modes()).toEqual(['share', 'share']));
  // The time begins no later than what is counted in it.
  const [since, before, told] = [performance.now(), admitted(), await eventsTold()];
  await refusals(30);
  await eventually(() => expect(admitted()).toBeGreaterThan(before));
  const bound = () => SCARCE.burst + (SHARES * SCARCE.rate * (performance.now() - since)) / 1_000 + 2;
  expect(admitted() - before).toBeLessThanOrEqual(bound());
  await eventuallyAsync(async () => expect((await eventsTold()) - told).toBeGreaterThanOrEqual(60));
  for (const node of NODES) expect((await limitsOf(node)).store.problem).toContain('do not answer');

  await tellStore('/live');
  await eventuallyAsync(async () => expect(await modes()).toEqual(['lease', 'lease']));
  await refusals(10);
  for (const node of NODES)
    await eventuallyAsync(async () => expect((await limitsOf(node)).store.problem).toBeNull());
  for (const { counts } of [one, two])
    expect(Object.keys(counts).filter((line) => line !== '200 0' && line !== '429 0')).toEqual([]);
  for (const { requests, ...failures } of await busy.stop()) expect(failures).toEqual(NOTHING_FAILED);
});
