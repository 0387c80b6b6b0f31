import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type SandboxHandle, startSandbox } from '../../agent/src/sandbox/start-sandbox.ts';
import { adminGet, apiPolicy, curl, eventuallyAsync, statusOf } from '../support/agent.ts';
import { Lines, NOTHING_FAILED, wrk } from '../support/load.ts';
import { controlProcess, dataplaneProcesses } from '../support/processes.ts';
import { agentPods, followed, rolledOut, startRollout } from '../support/upgrade.ts';
import { ALLOWED, CALLER, DENIED, NODE, POLICY, TOPOLOGY } from './topology.ts';

let sandbox: SandboxHandle;
beforeAll(async () => {
  sandbox = await startSandbox({ topology: TOPOLOGY });
  await sandbox.apply([apiPolicy('web', POLICY)]);
  await inForce();
});
afterAll(() => sandbox?.stop());

const inForce = () =>
  eventuallyAsync(async () => {
    expect(await curl(sandbox, CALLER, ALLOWED)).toMatchObject({ status: 200 });
    expect(await curl(sandbox, CALLER, DENIED)).toMatchObject({ status: 403 });
  });

const CONNECTIONS = 8;
const load = { url: ALLOWED, seconds: 5, connections: CONNECTIONS };

/** Of all that is denied, nothing may come through, whatever has just died. */
const nobodySlippedThrough = (denied: Lines) =>
  expect(Object.keys(denied.counts).filter((line) => !/^(403|000) /.test(line))).toEqual([]);

describe('what the users of a node see when', () => {
  test('a dataplane is killed: what was in flight fails, and nothing is refused', async () => {
    await using short = await Lines.curls(sandbox, CALLER, ALLOWED);
    await using denied = await Lines.curls(sandbox, CALLER, DENIED);
    const running = wrk(sandbox, CALLER, load);
    await short.more('200 0', 5);
    for (const pid of dataplaneProcesses(sandbox, NODE)) process.kill(pid, 'SIGKILL');
    await short.more('200 0', 10);
    const { connect, read, write, timeout, badStatus } = await running;
    expect({ connect, timeout, badStatus }).toEqual({ connect: 0, timeout: 0, badStatus: 0 });
    expect(read + write).toBeLessThanOrEqual(CONNECTIONS);
    const { '200 0': _, ...failed } = short.counts;
    // 52 and 56: the connection broke off. 7 would be a refused one.
    expect(Object.keys(failed).filter((line) => !/^000 (52|56)$/.test(line))).toEqual([]);
    expect(Object.values(failed).reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(1);
    nobodySlippedThrough(denied);
  });

  test('the whole agent is killed: connections are refused until it is back, and nobody slips through', async () => {
    const before = await statusOf(sandbox, NODE);
    await using short = await Lines.curls(sandbox, CALLER, ALLOWED);
    await using denied = await Lines.curls(sandbox, CALLER, DENIED);
    await short.more('200 0', 3);
    process.kill(controlProcess(sandbox, NODE), 'SIGKILL');
    await followed(sandbox, before);
    await short.more('200 0', 5);
    await denied.more('403 0', 5);
    nobodySlippedThrough(denied);
    // 7: refused; 52 and 56: broke off.
    expect(Object.keys(short.counts).filter((line) => !/^(200 0|000 (7|52|56))$/.test(line))).toEqual([]);
  });

  test('the old agent is killed while it hands over: the new one is complete', async () => {
    const before = await statusOf(sandbox, NODE);
    const [old = ''] = await agentPods(sandbox, NODE);
    const pid = controlProcess(sandbox, NODE);
    const log = `${sandbox.stateDir}/nodes/${NODE}/logs/eastwall-system_${old}.log`;
    await using short = await Lines.curls(sandbox, CALLER, ALLOWED);
    await using denied = await Lines.curls(sandbox, CALLER, DENIED);
    await short.more('200 0', 3);
    await startRollout(sandbox);
    for (const started = Date.now(); Date.now() - started < 60_000; await new Promise(setImmediate)) {
      if (readFileSync(log, 'utf8').includes('a successor takes over')) break;
    }
    process.kill(pid, 'SIGKILL');
    await followed(sandbox, before);
    await short.more('200 0', 10);
    await denied.more('403 0', 5);
    nobodySlippedThrough(denied);
    expect(Object.keys(short.counts).filter((line) => !/^(200 0|000 (7|52|56))$/.test(line))).toEqual([]);
    const { pods } = await statusOf(sandbox, NODE);
    expect(pods.filter(({ state }) => state === 'enrolled')).toHaveLength(2);
    await rolledOut(sandbox, NODE);
  });

  test('the kube API stops: no request fails, and policies hold', async () => {
    await using short = await Lines.curls(sandbox, CALLER, ALLOWED);
    await using denied = await Lines.curls(sandbox, CALLER, DENIED);
    const { pid, startedAt } = await statusOf(sandbox, NODE);
    await sandbox.kubeApi('pause');
    await sandbox.kubeApi('drop-watches');
    const { requests, ...failures } = await wrk(sandbox, CALLER, load);
    expect(requests).toBeGreaterThan(100);
    expect(failures).toEqual(NOTHING_FAILED);
    await eventuallyAsync(async () =>
      expect((await statusOf(sandbox, NODE)).kube.problems.length).toBeGreaterThan(0),
    );
    await eventuallyAsync(async () =>
      expect(await adminGet(sandbox.agentSocket(NODE), '/metrics')).toMatch(
        /^eastwall_snapshot_age_seconds (0\.)?[1-9]/m,
      ),
    );
    await short.more('200 0', 3);
    await denied.more('403 0', 3);
    await sandbox.kubeApi('resume');
    await eventuallyAsync(async () => expect((await statusOf(sandbox, NODE)).kube.problems).toEqual([]));
    expect(Object.keys(short.counts)).toEqual(['200 0']);
    expect(Object.keys(denied.counts)).toEqual(['403 0']);
    expect(await statusOf(sandbox, NODE)).toMatchObject({ pid, startedAt, ready: true });
  });

  test('an agent goes and none follows: its pods go direct, and what is under way is finished', async () => {
    const download = Lines.of(sandbox, CALLER, [
      'sh',
      '-c',
      "curl -s -w '%{size_download} %{exitcode}\\n' -o /dev/null http://streams.shop:8080/slow/40",
    ]);
    await using slow = await download;
    await using short = await Lines.curls(sandbox, CALLER, ALLOWED);
    await short.more('200 0', 3);
    await sandbox.remove('daemonsets.apps', 'eastwall-system', 'eastwall');
    // Not the agent's 403 any more, but the server's own answer.
    await eventuallyAsync(async () =>
      expect(await curl(sandbox, CALLER, DENIED)).toMatchObject({ status: 200 }),
    );
    await eventuallyAsync(async () => expect(slow.lines).toEqual([`${40 * 1024} 0`]));
    await eventuallyAsync(async () => expect(await agentPods(sandbox, NODE)).toEqual([]));
    await short.more('200 0', 3);
    expect(Object.keys(short.counts)).toEqual(['200 0']);
  });
});
