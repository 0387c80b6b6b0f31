import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Finding } from '../../agent/src/record/finding.ts';
import { type SandboxHandle, startSandbox } from '../../agent/src/sandbox/start-sandbox.ts';
import type { TopologyInput } from '../../agent/src/sandbox/topology/schema.ts';
import { eventuallyAsync, findingsOf, guardProfile, statusOf } from '../support/agent.ts';
import { Asker } from '../support/asker.ts';
import { followed, startRollout } from '../support/upgrade.ts';

const at = (folder: string, name: string) => join(import.meta.dirname, folder, name);
const ASKING = at('clients', 'asking.mjs');
const NODE = 'node-b';

/** What takes a quarter of an hour and a week in earnest. */
const YOUNG_MS = 15_000;
const PROFILE = {
  detections: [{ id: 'object-enumeration', action: 'Block' }],
  enumeration: { warmupRequests: 100, warmupSeconds: 10, rolloutSeconds: 1, windowSeconds: 5 },
};
const WARM_PAGES = 20;
/** Ids that somebody walks through; a few of them are enough. */
const WALK = 40;
/** Ids that nothing explains, after which what comes to a workload is looked at. */
const FEW = 3;

/** Frontends that do the same. Nobody may look at what one of them is asked. */
const FRONTENDS = ['unobserved', 'observed', 'kept'] as const;
type Frontend = (typeof FRONTENDS)[number];

const frontend = (name: Frontend) => ({
  name,
  namespace: 'shop',
  node: NODE,
  owner: 'Deployment' as const,
  ...(name === 'unobserved' && { annotations: { 'eastwall.dev/inbound': 'off' } }),
  command: ['node', at('servers', 'fronting.mjs')],
  ports: [8080],
});
const service = (name: string) => ({
  name,
  namespace: 'shop',
  selector: { app: name },
  ports: [{ port: 80, targetPort: 8080 }],
});

const TOPOLOGY: TopologyInput = {
  nodes: ['node-a', NODE],
  agents: {
    args: ['--provenance', `${YOUNG_MS}ms`, '--reconcile-interval', '1s'],
  },
  namespaces: [{ name: 'shop' }],
  pods: [
    {
      name: 'user',
      namespace: 'shop',
      node: 'node-a',
      annotations: { 'eastwall.dev/capture': 'disabled' },
      command: ['sleep', 'infinity'],
      ready: 'started',
    },
    ...FRONTENDS.map(frontend),
    {
      name: 'orders',
      namespace: 'shop',
      node: 'node-a',
      command: ['node', at('servers', 'orders.mjs')],
      ports: [8080],
    },
  ],
  services: [...FRONTENDS, 'orders'].map(service),
};

let sandbox: SandboxHandle;
/** Who is inside of each frontend, and asks in its name. */
let inside: Record<Frontend, Asker>;

// Nobody lists the same page twice, and nobody lists what is only asked for.
let lastPage = 0;
let lastOrder = 700_000;
const unlisted = (count: number) => Array.from({ length: count }, () => 1_000_000 + 3 * ++lastOrder);

beforeAll(async () => {
  sandbox = await startSandbox({ topology: TOPOLOGY });
  await sandbox.apply([guardProfile('all', PROFILE)]);
  const askers = await Promise.all(FRONTENDS.map((name) => Asker.in(sandbox, `shop/${name}`, ASKING)));
  inside = Object.fromEntries(FRONTENDS.map((name, i) => [name, askers[i]])) as Record<Frontend, Asker>;
  await warmUp();
});
afterAll(async () => {
  for (const asker of Object.values(inside ?? {})) await asker[Symbol.asyncDispose]();
  await sandbox?.stop();
});

/** Lists and gets what was listed, until every frontend has been known for long enough and has done enough of it. */
async function warmUp(): Promise<void> {
  const round = () =>
    Promise.all(
      FRONTENDS.map(async (name) => expect(await inside[name].asks({ list: ++lastPage })).toContain(200)),
    );
  await round();
  for (const known = performance.now() + YOUNG_MS; performance.now() < known; )
    await Promise.all([round(), pause(100)]);
  for (let i = 0; i < WARM_PAGES; i++) await round();
}

/** Somebody who asks that frontend for orders, over one connection. */
const userOf = (name: Frontend): Promise<Asker> => Asker.in(sandbox, 'shop/user', ASKING, `${name}.shop`);

const allAbout = async (name: Frontend): Promise<Finding[]> =>
  (await findingsOf(sandbox, NODE)).filter(
    ({ detection, caller }) => detection === 'object-enumeration' && caller.name === name,
  );

const isFound = (name: Frontend): Promise<Finding> =>
  eventuallyAsync(async () => {
    const [found] = await allAbout(name);
    if (found === undefined) throw new Error(`no finding about ${name}`);
    return found;
  });

const whyObserved = async (name: Frontend) =>
  (await statusOf(sandbox, NODE)).pods.find(({ workload }) => workload === `Deployment/${name}`)?.inbound;

const isObserved = (name: Frontend) =>
  eventuallyAsync(async () => expect(await whyObserved(name)).toBe('ids'));

const got = (statuses: readonly number[]) => statuses.filter((status) => status === 200).length;

test('a frontend that gets what it is asked for is a finding where nobody sees what that is', async () => {
  await using user = await userOf('unobserved');
  await user.asks({ get: unlisted(WALK) });
  expect(await isFound('unobserved')).toMatchObject({
    operation: 'GET /orders/{orderId}',
    evidence: { signals: expect.stringContaining('provenance') },
  });
  expect(await whyObserved('unobserved')).toBeNull();
});

test('it is looked at once it has asked for a few, and then may get whatever it is asked for', async () => {
  const asked = unlisted(WALK);
  expect(await whyObserved('observed')).toBeNull();
  {
    await using first = await userOf('observed');
    expect(await first.asks({ get: unlisted(FEW) })).toEqual(Array(FEW).fill(200));
    await isObserved('observed');
  }
  await using user = await userOf('observed');
  expect(await user.asks({ get: asked })).toEqual(asked.map(() => 200));
  expect(await allAbout('observed')).toEqual([]);
});

test('who is inside of it and asks for what nobody asks it for is found all the same', async () => {
  await using user = await userOf('observed');
  const before = Date.now();
  const [walked, asked] = await Promise.all([
    inside.observed.asks({ get: unlisted(WALK) }),
    user.asks({ get: unlisted(WALK) }),
  ]);
  expect(walked.at(-1)).toBe(403);
  expect(got(walked)).toBeLessThanOrEqual(25);
  const found = await isFound('observed');
  expect(found).toMatchObject({ action: 'block', operation: 'GET /orders/{orderId}' });
  // And not for what it was asked until then.
  expect(found.firstSeen).toBeGreaterThanOrEqual(before);
  // Its users get what they ask for.
  expect(got(asked)).toBe(WALK);
  expect(got(await user.asks({ get: unlisted(FEW) }))).toBe(FEW);
});

test('nor does somebody hide it who has been connected to the frontend since before', async () => {
  await using user = await userOf('kept');
  const [listed] = await user.asks({ only: ++lastPage });
  expect(listed).toBeGreaterThan(0);
  expect(got(await inside.kept.asks({ get: unlisted(FEW) }))).toBe(FEW);
  await isObserved('kept');
  await eventuallyAsync(async () => {
    const { dataplanes } = await statusOf(sandbox, NODE);
    expect(dataplanes.flatMap(({ askedUnseen }) => askedUnseen)).toContain('shop/Deployment/kept');
  });
  const walked = await inside.kept.asks({ get: unlisted(WALK) });
  expect(walked.at(-1)).toBe(403);
  expect(await isFound('kept')).toMatchObject({ evidence: { askedFor: 'known in part' } });
});

test('and it is looked at on, and may get what it is asked for, when another agent has taken over', async () => {
  const before = await statusOf(sandbox, NODE);
  await startRollout(sandbox);
  await followed(sandbox, before);
  expect(await whyObserved('observed')).toBe('ids');
  await using user = await userOf('observed');
  expect(got(await user.asks({ get: unlisted(WALK) }))).toBe(WALK);
});
