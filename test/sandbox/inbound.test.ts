import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { FlowRecord } from '../../agent/src/record/record.ts';
import { type SandboxHandle, startSandbox } from '../../agent/src/sandbox/start-sandbox.ts';
import { adminGet, curl, eventuallyAsync, statusOf } from '../support/agent.ts';
import { Lines, NOTHING_FAILED, wrk } from '../support/load.ts';
import { controlProcess, dataplaneProcesses } from '../support/processes.ts';
import { followed, rolledOut, startRollout } from '../support/upgrade.ts';
import { FlowFollower } from '../transparency/flow-follower.ts';

const server = (name: string): string => join(import.meta.dirname, 'servers', name);
const client = (name: string): string => join(import.meta.dirname, 'clients', name);
const TALK = client('talk.mjs');
/** Connections that a dataplane may have. */
const ROOM = 1_500;
const NODE = 'node-b';
const NEAR = 'shop/near';
const FAR = 'shop/far';
const OPTED_OUT = 'shop/opted-out';
const observed = { annotations: { 'eastwall.dev/inbound': 'on' } };
const sleeper = { namespace: 'shop', command: ['sleep', 'infinity'], ready: 'started' as const };

let sandbox: SandboxHandle;
beforeAll(async () => {
  sandbox = await startSandbox({
    topology: {
      nodes: ['node-a', NODE],
      namespaces: [{ name: 'shop' }],
      pods: [
        { name: 'near', node: NODE, ...sleeper },
        { name: 'far', node: 'node-a', ...sleeper },
        {
          name: 'opted-out',
          node: 'node-a',
          namespace: 'shop',
          annotations: { 'eastwall.dev/capture': 'disabled' },
          command: ['sleep', 'infinity'],
          ready: 'started',
        },
        {
          name: 'web',
          namespace: 'shop',
          node: NODE,
          ...observed,
          command: ['nginx', '-c', server('nginx.conf')],
          ports: [8080],
        },
        {
          name: 'raw',
          namespace: 'shop',
          node: NODE,
          ...observed,
          command: ['node', server('raw-http.mjs')],
          ports: [8080],
        },
        { name: 'on-host', node: NODE, hostNetwork: true, ...sleeper },
      ],
      services: [
        { name: 'web', namespace: 'shop', selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080 }] },
        { name: 'raw', namespace: 'shop', selector: { app: 'raw' }, ports: [{ port: 80, targetPort: 8080 }] },
      ],
      agents: {
        enabled: true,
        args: ['--gate-timeout', '60s', '--reconcile-interval', '1s', '--max-connections', `${ROOM}`],
      },
    },
  });
  await eventuallyAsync(async () => {
    const { pods } = await statusOf(sandbox, NODE);
    const names = pods.filter(({ inbound }) => inbound).map(({ pod }) => pod.split('-')[0]);
    expect(names.sort()).toEqual(['raw', 'web']);
  });
});
afterAll(() => sandbox?.stop());

/** What the agent of the server's node makes records of meanwhile. */
async function following(work: () => Promise<unknown>): Promise<FlowRecord[]> {
  const follower = await FlowFollower.on(sandbox.agentSocket(NODE));
  try {
    await work();
    // Something that comes last and is seen: all before it has been sent, too.
    const last = `/last-${performance.now()}`;
    await curl(sandbox, FAR, `http://raw.shop${last}`);
    await eventuallyAsync(async () => expect(follower.records.some(({ path }) => path === last)).toBe(true));
    return follower.records.filter(({ path }) => path !== last);
  } finally {
    follower.close();
  }
}

describe('a pod that is observed', () => {
  test.each([
    ['from another node', FAR, '-4'],
    ['from another node', FAR, '-6'],
    ['from its own node', NEAR, '-4'],
    ['from where no agent is', OPTED_OUT, '-4'],
  ])('sees who calls it %s (%s %s)', async (_, caller, family) => {
    const records = await following(async () => {
      const { body } = await curl(sandbox, caller, family, 'http://raw.shop/who');
      const expected = (await sandbox.exec(caller, ['hostname', '-I'])).stdout.split(' ');
      expect(expected).toContain(body.replace('from ', '').replace('::ffff:', ''));
    });
    const inbound = records.filter(({ leg }) => leg === 'inbound');
    expect(inbound).toMatchObject([
      { method: 'GET', path: '/who', status: 200, reason: 'ungoverned', caller: null, outcome: 'ok' },
    ]);
    expect(inbound[0]?.destination.services).toMatchObject([{ namespace: 'shop', service: 'raw' }]);
  });

  test('is probed past the agent, and calls itself without it', async () => {
    const ip = await sandbox.podIp('shop/raw');
    const records = await following(async () => {
      for (const [caller, url] of [
        ['shop/on-host', `http://${ip}:8080/probe`],
        ['shop/raw', 'http://raw.shop/self'],
        ['shop/raw', `http://${ip}:8080/self`],
        ['shop/raw', 'http://127.0.0.1:8080/self'],
      ] as const)
        expect((await curl(sandbox, caller, '-4', url)).status, url).toBe(200);
    });
    expect(records.filter(({ leg }) => leg === 'inbound')).toEqual([]);
  });

  test('is asked what the agent can not read, and its answer gets back', async () => {
    const input = 'GET /without-a-host HTTP/1.1\r\n\r\n';
    const records = await following(async () => {
      const { stdout } = await sandbox.exec(OPTED_OUT, ['node', TALK, 'raw.shop', '80'], { input });
      expect(stdout).toMatch(/^HTTP\/1.1 200 OK\r\n/);
      expect(stdout).toContain('from ');
    });
    expect(records).toMatchObject([{ leg: 'inbound', protocol: 'opaque' }]);
  });

  test('is counted once, where it is called from', async () => {
    const counted = async () => {
      const metrics = await adminGet(sandbox.agentSocket(NODE), '/metrics');
      return [...metrics.matchAll(/^eastwall_exchanges_total\{.*\} (\d+)$/gm)].map(([line]) => line);
    };
    await curl(sandbox, OPTED_OUT, 'http://raw.shop/uncounted');
    const before = await counted();
    await curl(sandbox, OPTED_OUT, 'http://raw.shop/uncounted');
    await curl(sandbox, NEAR, 'http://web.shop/');
    await eventuallyAsync(async () => expect(await counted()).not.toEqual(before));
    expect((await counted()).filter((line) => line.includes('callerWorkload=""'))).toEqual([]);
  });

  test('serves a thousand connections at once', async () => {
    const load = { url: 'http://raw.shop/', seconds: 4, connections: 1_000 };
    expect(await wrk(sandbox, OPTED_OUT, load)).toMatchObject(NOTHING_FAILED);
  });

  test('is reached by more than the agent has room for, and leaves some to what pods send', async () => {
    const many = sandbox.exec(OPTED_OUT, ['node', client('many.mjs'), 'raw.shop', '80', `${ROOM + 300}`], {
      timeoutMs: 100_000,
    });
    expect((await many).stdout).toBe(`${ROOM + 300}\n`);
    expect((await curl(sandbox, NEAR, 'http://web.shop/')).status).toBe(200);
  });

  test('is reached by those that ask while a dataplane is killed', async () => {
    await using lines = await Lines.curls(sandbox, OPTED_OUT, 'http://web.shop/');
    await lines.more('200 0', 20);
    for (const pid of dataplaneProcesses(sandbox, NODE)) process.kill(pid, 'SIGKILL');
    await lines.more('200 0', 20);
    const records = await following(async () => {
      await eventuallyAsync(async () => {
        const { dataplanes } = await statusOf(sandbox, NODE);
        expect(dataplanes.every(({ state }) => state === 'serving')).toBe(true);
      });
      await lines.more('200 0', 20);
    });
    expect(records.map(({ leg }) => leg)).toContain('inbound');
    const failed = lines.lines.filter((line) => line !== '200 0');
    expect(failed.length, JSON.stringify(lines.counts)).toBeLessThanOrEqual(1);
  });

  test('is reached by those that ask while the agent is killed', async () => {
    await using lines = await Lines.curls(sandbox, OPTED_OUT, 'http://web.shop/');
    await lines.more('200 0', 20);
    process.kill(controlProcess(sandbox, NODE), 'SIGKILL');
    await lines.more('200 0', 20);
    await eventuallyAsync(async () => {
      const { pods } = await statusOf(sandbox, NODE);
      expect(pods.filter(({ inbound }) => inbound)).toHaveLength(2);
    }, 90_000);
    await lines.more('200 0', 20);
    // Cut off is one that was with the agent when it was killed, and at most the next one: the kernel closes sockets one by
    // one, and that was still waiting to be accepted.
    const failed = lines.lines.flatMap((line, at) => (line === '200 0' ? [] : [{ at, line }]));
    const [first = { at: 0 }] = failed;
    for (const [behind, { at, line }] of failed.entries()) {
      expect(line, JSON.stringify(failed)).toMatch(/^000 (52|56)$/);
      expect(at, JSON.stringify(failed)).toBe(first.at + behind);
    }
    expect(failed.length, JSON.stringify(failed)).toBeLessThanOrEqual(2);
  });

  test('loses nothing when an agent takes over from another', async () => {
    const before = await statusOf(sandbox, NODE);
    await using lines = await Lines.curls(sandbox, OPTED_OUT, 'http://web.shop/');
    const load = wrk(sandbox, OPTED_OUT, { url: 'http://web.shop/', seconds: 20, connections: 16 });
    await lines.more('200 0', 20);
    await startRollout(sandbox);
    await followed(sandbox, before);
    await lines.more('200 0', 20);
    expect(await load).toMatchObject(NOTHING_FAILED);
    expect(Object.keys(lines.counts)).toEqual(['200 0']);
    await rolledOut(sandbox, NODE);
  });
});
