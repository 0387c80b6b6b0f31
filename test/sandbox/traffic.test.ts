import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type SandboxHandle, startSandbox } from '../../agent/src/sandbox/start-sandbox.ts';
import { adminGet, curl, eventuallyAsync, flowsOf, statusOf } from '../support/agent.ts';
import { Lines } from '../support/load.ts';
import { dataplaneProcesses } from '../support/processes.ts';
import { TALK, TOPOLOGY } from './topology.ts';

let sandbox: SandboxHandle;
beforeAll(async () => {
  const agents = {
    enabled: true,
    args: ['--head-timeout', '1s', '--first-byte-timeout', '3s', '--reconcile-interval', '1s'],
  };
  sandbox = await startSandbox({ topology: { ...TOPOLOGY, agents } });
});
afterAll(() => sandbox?.stop());

const FRONTEND = 'shop/frontend';

/** Sends bytes as they are and returns what comes back until the server hangs up. */
const send = async (text: string, host = 'raw.shop', port = '80'): Promise<string> =>
  (await sandbox.exec(FRONTEND, ['node', TALK, host, port], { input: text })).stdout;

/** A request that the agent refuses, and what shows that it was the agent. */
const DECISION = ['-H', 'Folded : header', '-w', '%{http_code} %header{eastwall-decision}'];

const podState = async (pod: string) =>
  (await statusOf(sandbox, 'node-a')).pods.find((found) => `${found.namespace}/${found.pod}`.startsWith(pod));

describe('what is intercepted', () => {
  test('status names every pod of the node, and why one is not enrolled', async () => {
    expect(await podState(FRONTEND)).toMatchObject({
      state: 'enrolled',
      reason: null,
      workload: 'Deployment/frontend',
    });
    expect(await podState('shop/opted-out')).toMatchObject({ state: 'opted-out' });
    expect(await podState('kube-system/system')).toMatchObject({ state: 'opted-out' });
    expect(await podState('shop/on-host')).toMatchObject({
      state: 'refused',
      reason: expect.stringContaining('network'),
    });
  });

  test('a pod keeps its source address', async () => {
    const { body } = await curl(sandbox, FRONTEND, '-4', 'http://raw.shop/');
    expect(body.replace('::ffff:', '')).toBe(`from ${await sandbox.podIp(FRONTEND)}`);
  });

  test('a pod that opted out is left alone', async () => {
    expect((await curl(sandbox, 'shop/opted-out', 'http://web.shop/')).status).toBe(200);
    expect((await flowsOf(sandbox, 'node-a')).some(({ caller }) => caller?.pod.startsWith('opted-out'))).toBe(
      false,
    );
  });

  test('a pod is intercepted from its first connection on, and forgotten when it goes', async () => {
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'late', namespace: 'shop' },
      spec: {
        nodeName: 'node-a',
        containers: [
          {
            name: 'main',
            image: 'none',
            // Its first act: what follows is refused by nobody but the agent.
            command: ['curl', '-s', '-m', '10', '-o', '/dev/null', ...DECISION, 'http://web.shop/'],
          },
        ],
        restartPolicy: 'Never',
      },
    };
    await sandbox.apply([pod]);
    await eventuallyAsync(async () => expect((await sandbox.pod('shop/late')).phase).toBe('Succeeded'));
    expect(await sandbox.logs('shop/late')).toMatch(/^400 ew-/);
    await sandbox.remove('pods', 'shop', 'late');
    await eventuallyAsync(async () => expect(await podState('shop/late')).toBeUndefined());
  });
});

describe('other protocols pass', () => {
  test('a server that speaks first is not delayed', async () => {
    expect(await send('', 'greeter.shop', '25')).toBe('220 ready\r\n');
    expect(await send('hello\n', 'greeter.shop', '2525')).toBe('220 ready\r\nhello\n');
  });

  test('Redis, pipelined', async () => {
    const { stdout } = await sandbox.exec(FRONTEND, [
      'redis-cli',
      '-h',
      'cache.shop',
      'eval',
      "return string.rep('x', 300000)",
      '0',
    ]);
    expect(stdout.trim()).toHaveLength(300_000);
    const bench = await sandbox.exec(FRONTEND, [
      'redis-benchmark',
      '-h',
      'cache.shop',
      '-t',
      'set,get',
      '-n',
      '2000',
      '-P',
      '16',
      '-q',
    ]);
    expect(bench.code).toBe(0);
  });

  test('an upstream that refuses refuses the caller', async () => {
    const { code } = await sandbox.exec(FRONTEND, [
      'curl',
      '-s',
      '-m',
      '5',
      `http://${await sandbox.podIp('shop/cache')}:9/`,
    ]);
    // 56 and 52 are a reset after the handshake; 7 a refused one: never an HTTP answer, never a timeout.
    expect([7, 52, 56]).toContain(code);
  });

  test('a large stream passes whole in both directions, and its end does', async () => {
    const size = 64 * 1024 * 1024;
    const command = `head -c ${size} /dev/zero | node ${TALK} greeter.shop 2525 | wc -c`;
    const { stdout } = await sandbox.exec(FRONTEND, ['sh', '-c', command]);
    expect(Number(stdout)).toBe(size + '220 ready\r\n'.length);
  });
});

describe('bad input', () => {
  const seenUpstream = async () => sandbox.logs('shop/raw');

  test.each([
    ['bare LF', 'GET /lf HTTP/1.1\nHost: raw\n\n'],
    ['two lengths', 'POST /cl HTTP/1.1\r\nHost: raw\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab'],
    [
      'length and encoding',
      'POST /te HTTP/1.1\r\nHost: raw\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['space before the colon', 'GET /sp HTTP/1.1\r\nHost : raw\r\n\r\n'],
    ['NUL in the target', 'GET /nul\0 HTTP/1.1\r\nHost: raw\r\n\r\n'],
    ['a folded field', 'GET /fold HTTP/1.1\r\nHost: raw\r\nA: b\r\n c\r\n\r\n'],
    ['two hosts', 'GET /host HTTP/1.1\r\nHost: raw\r\nHost: web\r\n\r\n'],
  ])('%s is answered 400, and upstream sees none of it', async (_, text) => {
    const answer = await send(text);
    expect(answer).toMatch(/^HTTP\/1.1 400 Bad Request\r\n/);
    expect(answer).toContain('connection: close');
    const target = /\/[a-z]+/.exec(text)?.[0] as string;
    expect(await seenUpstream()).not.toContain(target);
  });

  test('a head that comes a byte at a time is ended by its deadline', async () => {
    const slow = { input: 'GET /slow HTTP/1.1\r\nHost: raw\r\n\r\n' };
    const { stdout } = await sandbox.exec(FRONTEND, ['node', TALK, 'raw.shop', '80', '100'], slow);
    expect(stdout === '' || stdout.startsWith('HTTP/1.1 408')).toBe(true);
    expect(await seenUpstream()).not.toContain('slow');
  });

  test('a connection that stays silent is ended by its deadline', async () => {
    const { code } = await sandbox.exec(FRONTEND, ['sh', '-c', `sleep 20 | node ${TALK} raw.shop 80`]);
    expect(code).toBe(1);
    await eventuallyAsync(async () =>
      expect(await flowsOf(sandbox, 'node-a')).toContainEqual(
        expect.objectContaining({ outcome: 'timeout', protocol: 'unknown' }),
      ),
    );
  });
});

describe('roles', () => {
  test('the dataplane has no capability, no way to get one, and no privileged user', async () => {
    const { dataplanes } = await statusOf(sandbox, 'node-a');
    for (const dataplane of dataplanes) {
      expect(dataplane).toMatchObject({ state: 'serving', noNewPrivileges: true });
      expect(BigInt(`0x${dataplane.capabilities?.effective}`)).toBe(0n);
      expect(BigInt(`0x${dataplane.capabilities?.permitted}`)).toBe(0n);
      expect(BigInt(`0x${dataplane.capabilities?.bounding}`)).toBe(0n);
      if (process.getuid?.() === 0) expect(dataplane.uid, dataplane.uidReason).not.toBe(0);
    }
  });

  test('killing a dataplane under load refuses no new connection', async () => {
    const before = await statusOf(sandbox, 'node-a');
    await using lines = await Lines.curls(sandbox, FRONTEND, 'http://web.shop/');
    for (let kill = 0; kill < 3; kill++) {
      await lines.more('200 0', 5);
      const { dataplanes } = await statusOf(sandbox, 'node-a');
      const [victim] = dataplaneProcesses(sandbox, 'node-a');
      process.kill(victim as number, 'SIGKILL');
      await eventuallyAsync(async () => {
        const now = (await statusOf(sandbox, 'node-a')).dataplanes[0];
        expect(now?.state).toBe('serving');
        expect(now?.pid).not.toBe(dataplanes[0]?.pid);
      });
    }
    await lines.more('200 0', 5);
    // 52 and 56: the one that was in flight at a kill broke off. 7 would be a refused one, 28 one that nobody answers.
    const failed = lines.lines.filter((line) => line !== '200 0');
    expect(failed.filter((line) => !/^000 (52|56)$/.test(line))).toEqual([]);
    expect(failed.length, JSON.stringify(lines.counts)).toBeLessThanOrEqual(3);
    expect((await statusOf(sandbox, 'node-a')).pid).toBe(before.pid);
  });
});

describe('operations', () => {
  test('rules that somebody flushed come back, and are counted', async () => {
    const rules = () => sandbox.exec('ci/privileged', ['nft', 'list', 'table', 'inet', 'eastwall']);
    const before = (await rules()).stdout;
    expect(before).toContain('redirect to');
    const { repairs } = (await statusOf(sandbox, 'node-a')).capture;
    await sandbox.exec('ci/privileged', ['nft', 'flush', 'ruleset']);
    await eventuallyAsync(async () =>
      expect((await statusOf(sandbox, 'node-a')).capture.repairs).toBeGreaterThan(repairs),
    );
    expect(withoutTimes((await rules()).stdout)).toBe(withoutTimes(before));
  });

  test('metrics and readiness are served', async () => {
    expect(await adminGet(sandbox.agentSocket('node-a'), '/readyz')).toMatch(/ok|ready/i);
    const metrics = await adminGet(sandbox.agentSocket('node-a'), '/metrics');
    expect(metrics).toMatch(/eastwall_exchanges_total\{[^}]*destination="shop\/web:80"[^}]*\} \d+/);
  });

  test('the kube API going away changes nothing for traffic', async () => {
    await sandbox.kubeApi('pause');
    expect((await curl(sandbox, FRONTEND, 'http://web.shop/')).status).toBe(200);
    await sandbox.kubeApi('resume');
    await sandbox.kubeApi('forget-history');
    await sandbox.kubeApi('drop-watches');
    expect((await curl(sandbox, FRONTEND, 'http://web.shop/')).status).toBe(200);
  });
});

/** How long the gate stays open, and what has been counted. */
const withoutTimes = (rules: string): string => rules.replace(/(timeout|expires|packets|bytes) \w+/g, '');
