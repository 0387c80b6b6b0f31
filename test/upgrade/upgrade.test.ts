import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type SandboxHandle, startSandbox } from '../../agent/src/sandbox/start-sandbox.ts';
import { apiPolicy, curl, eventuallyAsync, statusOf } from '../support/agent.ts';
import { KeptWrk, Lines, NOTHING_FAILED } from '../support/load.ts';
import { agentPods, followed, rolledOut, startRollout } from '../support/upgrade.ts';
import { ALLOWED, CALLER, DENIED, NODE, POLICY, STRANGER, STREAMS, TOPOLOGY } from './topology.ts';

let sandbox: SandboxHandle;
beforeAll(async () => {
  sandbox = await startSandbox({ topology: TOPOLOGY });
  await sandbox.apply([apiPolicy('web', POLICY)]);
  await eventuallyAsync(async () => {
    expect(await curl(sandbox, CALLER, ALLOWED)).toMatchObject({ status: 200 });
    expect(await curl(sandbox, CALLER, DENIED)).toMatchObject({ status: 403 });
  });
});
afterAll(() => sandbox?.stop());

describe('a new agent takes over', () => {
  test('under steady load: no request fails, and what is denied stays denied', async () => {
    const before = await statusOf(sandbox, NODE);
    await using short = await Lines.curls(sandbox, CALLER, ALLOWED);
    await using denied = await Lines.curls(sandbox, CALLER, DENIED);
    await using stranger = await Lines.curls(sandbox, STRANGER, ALLOWED);
    // Each run is long enough for a whole upgrade.
    await using kept = new KeptWrk(sandbox, CALLER, { url: ALLOWED, seconds: 10, connections: 16 });
    for (const lines of [short, denied, stranger]) await lines.more(lines === short ? '200 0' : '403 0', 5);

    await startRollout(sandbox);
    await followed(sandbox, before);
    for (const lines of [short, denied, stranger]) await lines.more(lines === short ? '200 0' : '403 0', 10);
    await rolledOut(sandbox, NODE);
    const runs = await kept.stop();

    expect(Object.keys(short.counts)).toEqual(['200 0']);
    expect(Object.keys(denied.counts)).toEqual(['403 0']);
    expect(Object.keys(stranger.counts)).toEqual(['403 0']);
    for (const { requests, ...failures } of runs) {
      expect(requests).toBeGreaterThan(100);
      expect(failures).toEqual(NOTHING_FAILED);
    }
    const { pods, capture } = await statusOf(sandbox, NODE);
    const enrolled = pods.filter(({ state }) => state === 'enrolled').map(({ pod }) => pod);
    expect(enrolled.sort()).toEqual(['frontend', 'stranger']);
    expect(capture.repairs).toBe(0);
  });

  test('streams live on until the grace of the old one is over, and a slow download comes whole', async () => {
    const before = await statusOf(sandbox, NODE);
    const kinds = ['websocket', 'grpc', 'opaque'];
    await using streams = await Lines.of(sandbox, CALLER, ['node', STREAMS, 'streams.shop']);
    for (const kind of kinds) await streams.more(`${kind} tick`, 2);
    const kib = 80;
    const download = sandbox.exec(CALLER, ['curl', '-s', `http://streams.shop:8080/slow/${kib}`]);

    await startRollout(sandbox);
    await followed(sandbox, before);
    // It is asked to end as soon as its successor is ready; until it has ended, there are two.
    for (const kind of kinds) await streams.more(`${kind} tick`, 5);
    expect(streams.lines.filter((line) => line.endsWith('over'))).toEqual([]);
    expect(await agentPods(sandbox, NODE)).toHaveLength(2);
    const { code, stdout } = await download;
    expect([code, stdout.length]).toEqual([0, kib * 1024]);

    await rolledOut(sandbox, NODE);
    for (const kind of kinds) expect(streams.counts[`${kind} over`]).toBe(1);
    await using again = await Lines.of(sandbox, CALLER, ['node', STREAMS, 'streams.shop']);
    for (const kind of kinds) await again.more(`${kind} tick`, 2);
  });
});
