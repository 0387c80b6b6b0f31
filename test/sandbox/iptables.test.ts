import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type SandboxHandle, startSandbox } from '../../agent/src/sandbox/start-sandbox.ts';
import { netnsStates } from '../release/netns-state.ts';
import { apiPolicy, eventuallyAsync, flowsOf, statusOf } from '../support/agent.ts';
import { Lines } from '../support/load.ts';
import { controlProcess, dataplaneProcesses } from '../support/processes.ts';
import { followed, rolledOut, startRollout } from '../support/upgrade.ts';

/* A whole agent on a node where iptables is all there is: what holds there, what does not, and that `status` says so. */

const NODE = 'node-a';
const OPEN = 'shop/open';
const CLOSED = 'shop/closed';
const ALLOWED = 'http://web.shop/';
const DENIED = 'http://web.shop/denied';
const sleeper = { namespace: 'shop', command: ['sleep', 'infinity'], ready: 'started' as const };
const releaseMark = (state: 'installed' | 'leaving') => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'release', namespace: 'eastwall-system' },
  data: { state },
});

let sandbox: SandboxHandle;
beforeAll(async () => {
  sandbox = await startSandbox({
    topology: {
      nodes: [NODE],
      namespaces: [{ name: 'shop' }],
      pods: [
        { name: 'open', ...sleeper },
        { name: 'closed', annotations: { 'eastwall.dev/fail-mode': 'closed' }, ...sleeper },
        {
          name: 'web',
          namespace: 'shop',
          command: ['nginx', '-c', join(import.meta.dirname, 'servers', 'nginx.conf')],
          ports: [8080],
        },
      ],
      services: [{ name: 'web', namespace: 'shop', ports: [{ port: 80, targetPort: 8080 }] }],
      objects: [releaseMark('installed')],
      agents: {
        args: [
          ...['--rules', 'iptables', '--inbound', 'on', '--proof-interval', '2s', '--drain', '1s'],
          ...['--release-mark', 'eastwall-system/release', '--uninstall-drain', '1s'],
        ],
      },
    },
  });
  const rules = [{ name: 'root', action: 'Allow', to: [{ methods: ['GET'], path: '/' }] }];
  await sandbox.apply([apiPolicy('web', { target: { services: ['web'] }, mode: 'Enforce', rules })]);
  await enforced();
});
afterAll(() => sandbox?.stop());

/** The status of the answer, or curl's exit code. */
async function ask(pod: string, url: string, family = '-4'): Promise<string> {
  const args = ['curl', '-s', family, '-m', '10', '-o', '/dev/null', '-w', '%{http_code}', url];
  const { code, stdout } = await sandbox.exec(pod, args);
  return code === 0 ? stdout : `exit ${code}`;
}

async function enforced(): Promise<void> {
  for (const pod of [OPEN, CLOSED])
    await eventuallyAsync(async () => expect(await ask(pod, DENIED)).toBe('403'), 60_000);
}

const ours = async (): Promise<string> => [...(await netnsStates(sandbox)).values()].join('\n');

describe('with rules of iptables only', () => {
  test('callers are known and judged by both families, and each pod is proven to be intercepted', async () => {
    for (const family of ['-4', '-6'])
      expect([await ask(OPEN, ALLOWED, family), await ask(OPEN, DENIED, family)]).toEqual(['200', '403']);
    const denied = (await flowsOf(sandbox, NODE)).filter(({ caller }) => caller?.pod === 'open');
    expect(denied.at(-1)).toMatchObject({
      path: '/denied',
      reason: 'no_rule_allows',
      destination: { services: [{ namespace: 'shop', service: 'web' }] },
    });
    const rules = await ours();
    expect(rules).toContain('EASTWALL_OUT');
    expect(rules).not.toContain('inet eastwall');
    await eventuallyAsync(async () => {
      const { pods } = await statusOf(sandbox, NODE);
      const enrolled = pods.filter(({ state }) => state === 'enrolled');
      const covered = { intercepted: { v4: 'proven', v6: 'proven' }, inbound: null, reason: null };
      expect(enrolled).toMatchObject([covered, covered, covered]);
    });
  });

  test('`status` says what is not to be had', async () => {
    const { capture } = await statusOf(sandbox, NODE);
    expect(capture.rules).toBe('iptables-nft');
    const missing = capture.abilities.filter(({ problem }) => problem !== null);
    expect(missing.map(({ ability }) => ability)).toEqual([
      ...['fail-modes', 'port-owner', 'packet-guard', 'inbound', 'counts'],
    ]);
  });

  test('an upgrade, and a dataplane that is killed, refuse nobody', async () => {
    const before = await statusOf(sandbox, NODE);
    await using allowed = await Lines.curls(sandbox, OPEN, ALLOWED);
    await using denied = await Lines.curls(sandbox, CLOSED, DENIED);
    await allowed.more('200 0', 5);
    await startRollout(sandbox);
    await followed(sandbox, before);
    await rolledOut(sandbox, NODE);
    await Promise.all([allowed.more('200 0', 5), denied.more('403 0', 5)]);
    expect([Object.keys(allowed.counts), Object.keys(denied.counts)]).toEqual([['200 0'], ['403 0']]);

    for (const pid of dataplaneProcesses(sandbox, NODE)) process.kill(pid, 'SIGKILL');
    await Promise.all([allowed.more('200 0', 10), denied.more('403 0', 10)]);
    // What was in flight has broken off.
    const failed = [...allowed.lines, ...denied.lines].filter((line) => !/^(200|403) 0$/.test(line));
    expect(failed.filter((line) => !/^000 (52|56)$/.test(line))).toEqual([]);
    expect(failed.length).toBeLessThanOrEqual(2);
  });

  test('an agent that is killed leaves nobody direct, whatever the fail mode, until the next one judges', async () => {
    const before = await statusOf(sandbox, NODE);
    await using open = await Lines.curls(sandbox, OPEN, DENIED);
    await using closed = await Lines.curls(sandbox, CLOSED, DENIED);
    await Promise.all([open.more('403 0', 2), closed.more('403 0', 2)]);
    process.kill(controlProcess(sandbox, NODE), 'SIGKILL');
    // 7 is a connection that is refused.
    await Promise.all([open.more('000 7', 1), closed.more('000 7', 1)]);
    await followed(sandbox, before);
    await Promise.all([open.more('403 0', 2), closed.more('403 0', 2)]);
    expect([open.counts['200 0'], closed.counts['200 0']]).toEqual([undefined, undefined]);
  });

  test('an uninstall cuts nobody off, and leaves nothing', async () => {
    await using allowed = await Lines.curls(sandbox, OPEN, ALLOWED);
    await allowed.more('200 0', 5);
    await sandbox.apply([releaseMark('leaving')]);
    await eventuallyAsync(async () => expect(await ours()).not.toMatch(/eastwall|redirect/i));
    await allowed.more('200 0', 5);
    expect(Object.keys(allowed.counts)).toEqual(['200 0']);
    expect([await ask(OPEN, DENIED), await ask(CLOSED, DENIED, '-6')]).toEqual(['200', '200']);
  });
});
