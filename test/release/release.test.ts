import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { performance } from 'node:perf_hooks';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type SandboxHandle, startSandbox } from '../../agent/src/sandbox/start-sandbox.ts';
import { NAMESPACE } from '../chart/helm.ts';
import { apiPolicy, curl, eventuallyAsync, statusOf } from '../support/agent.ts';
import { KeptWrk, Lines, NOTHING_FAILED } from '../support/load.ts';
import { agentPods, followed } from '../support/upgrade.ts';
import { ChartInSandbox } from './chart-in-sandbox.ts';
import { netnsStates } from './netns-state.ts';
import { ALLOWED, CALLER, DENIED, NODE, POLICY, STREAMS, TOPOLOGY } from './topology.ts';

/* The life of a release: the chart, by the real Helm, in a cluster of real processes that are under load. */

let sandbox: SandboxHandle;
let chart: ChartInSandbox;
let before: ReadonlyMap<string, string>;

beforeAll(async () => {
  sandbox = await startSandbox({ topology: TOPOLOGY });
  chart = new ChartInSandbox(sandbox);
  // The sandbox brings these; here they are the chart's.
  for (const kind of ['apipolicies', 'egresspolicies', 'guardprofiles'])
    await sandbox.remove('customresourcedefinitions.apiextensions.k8s.io', undefined, `${kind}.eastwall.dev`);
  await sandbox.kubectl(['taint', 'nodes', '--all', `${TAINT}=:NoSchedule`]);
  expect(await taints()).toEqual([TAINT, TAINT]);
  before = await netnsStates(sandbox);
});
afterAll(async () => {
  await sandbox?.stop();
  chart?.[Symbol.dispose]();
});

/** The bar for a first look at what an install brings. */
const FIRST_LOOK_SECONDS = 60;
const TAINT = 'eastwall.dev/agent-not-ready';
const SETTINGS = { drain: '40s', uninstallDrain: '10s' };
const PATIENCE_MS = 60_000;
const KIB = 1024;

describe('a release', () => {
  test('shows a first operation, and a first blocked request in `tail`, within a minute', async () => {
    expect(before.size).toBe(5);
    await using _short = await Lines.curls(sandbox, CALLER, ALLOWED);
    await using _denied = await Lines.curls(sandbox, CALLER, DENIED);
    const began = performance.now();
    const seconds = () => (performance.now() - began) / 1_000;
    const notes = await chart.install(SETTINGS);
    const installed = seconds();
    await sandbox.apply([apiPolicy('web', POLICY)]);
    const [operation, blocked] = await Promise.all([
      shown(['apis'], /GET +\/orders/).then(seconds),
      shown(['tail', '--since', '10m'], /403/).then(seconds),
    ]);
    const figures = { installed, operation, blocked };
    process.stdout.write(`seconds from \`helm install\` on: ${JSON.stringify(figures)}\n`);
    expect(Math.max(operation, blocked), JSON.stringify(figures)).toBeLessThan(FIRST_LOOK_SECONDS);
    await followNotes(notes);
    await eventuallyAsync(async () => expect(await taints()).toEqual([]));
    expect(await chart.test()).toMatch(/TEST SUITE: +eastwall-test\n(.*\n)*?Phase: +Succeeded/);
  });

  test('is upgraded, and no request fails, a gigabyte comes whole, and streams live on', async () => {
    const old = await statusOf(sandbox, NODE);
    expect(await curl(sandbox, CALLER, DENIED)).toMatchObject({ status: 403 });
    await using short = await Lines.curls(sandbox, CALLER, ALLOWED);
    await using denied = await Lines.curls(sandbox, CALLER, DENIED);
    const streams = await Lines.of(sandbox, CALLER, ['node', STREAMS, 'streams.shop']);
    const kinds = ['websocket', 'grpc', 'opaque'];
    for (const kind of kinds) await streams.more(`${kind} tick`, 2);
    await using kept = new KeptWrk(sandbox, CALLER, { url: ALLOWED, seconds: 10, connections: 16 });
    const download =
      "curl -s --limit-rate 100M -o /dev/null -w '%{size_download} %{exitcode}\\n' http://files.shop:8080/1024";
    await using gigabyte = await Lines.of(sandbox, CALLER, ['sh', '-c', download]);
    await short.more('200 0', 5);

    expect(await chart.upgrade({ ...SETTINGS, logLevel: 'debug' })).toContain('REVISION: 2');
    await followed(sandbox, old);
    await short.more('200 0', 10);
    await denied.more('403 0', 10);
    await eventuallyAsync(async () => expect(gigabyte.lines).toEqual([`${KIB ** 3} 0`]), PATIENCE_MS);
    for (const kind of kinds) await streams.more(`${kind} tick`, 5);
    expect(streams.lines.filter((line) => line.endsWith('over'))).toEqual([]);
    await streams[Symbol.asyncDispose]();

    for (const { requests, ...failures } of await kept.stop()) {
      expect(requests).toBeGreaterThan(100);
      expect(failures).toEqual(NOTHING_FAILED);
    }
    expect(Object.keys(short.counts)).toEqual(['200 0']);
    expect(Object.keys(denied.counts)).toEqual(['403 0']);
    await eventuallyAsync(async () => expect(await agentPods(sandbox, NODE)).toHaveLength(1), PATIENCE_MS);
  });

  test('is uninstalled, no request fails, and every pod is as it was before', async () => {
    const during = await netnsStates(sandbox);
    for (const [netns, state] of before) expect(during.get(netns), netns).not.toBe(state);
    await using short = await Lines.curls(sandbox, CALLER, ALLOWED);
    await using kept = new KeptWrk(sandbox, CALLER, { url: ALLOWED, seconds: 10, connections: 16 });
    await short.more('200 0', 5);
    const slow = sandbox.exec(CALLER, ['curl', '-s', 'http://streams.shop:8080/slow/30']);

    const learned = dirname(sandbox.agentSocket(NODE));
    // Since the upgrade there is something that was learnt.
    expect(readdirSync(learned)).toContain('learned');

    expect(await chart.uninstall()).toContain('release "eastwall" uninstalled');
    expect(readdirSync(learned).filter((name) => name.includes('learned'))).toEqual([]);
    const after = await netnsStates(sandbox);
    for (const [netns, state] of before) expect(after.get(netns), netns).toBe(state);

    const { code, stdout } = await slow;
    expect([code, stdout.length]).toEqual([0, 30 * KIB]);
    await short.more('200 0', 10);
    for (const { requests, ...failures } of await kept.stop()) {
      expect(requests).toBeGreaterThan(100);
      expect(failures).toEqual(NOTHING_FAILED);
    }
    expect(Object.keys(short.counts)).toEqual(['200 0']);
    // Not the agent's 403 any more, but the server's own answer, though the pod was to be refused without an agent.
    expect(await curl(sandbox, CALLER, DENIED)).toMatchObject({ status: 200 });
  });
});

/** Does what Helm says is to be done next. */
async function followNotes(notes: string): Promise<void> {
  const commands = [...notes.matchAll(/^ {3}kubectl (.+)$/gm)].map(([, args = '']) => args.split(' '));
  expect(commands).toHaveLength(3);
  for (const args of commands) {
    const inside = args.slice(args.indexOf('--') + 1);
    const { code, stderr } = args.includes('--')
      ? // A sandbox's pods are entered by other ways than the kube API.
        await sandbox.exec(
          `${NAMESPACE}/eastwall`,
          inside[1] === 'tail' ? [...inside, '--no-follow'] : inside,
        )
      : await sandbox.kubectl(args);
    expect(code, `${args.join(' ')}: ${stderr}`).toBe(0);
  }
}

/** Keys of the taints that nodes have. */
async function taints(): Promise<string[]> {
  const { stdout } = await sandbox.kubectl(['get', 'nodes', '-o', 'jsonpath={.items[*].spec.taints[*].key}']);
  return stdout.split(' ').filter((key) => key !== '');
}

/** Asks an agent, again while there is none yet, until its answer has this. */
async function shown(args: readonly string[], what: RegExp): Promise<void> {
  for (let output = ''; ; output = '') {
    const command = chart.eastwall(NODE, ...args);
    command.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (what.test(output)) command.kill();
    });
    await once(command, 'close');
    if (what.test(output)) return;
  }
}
