import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type SandboxHandle, startSandbox } from '../../agent/src/sandbox/start-sandbox.ts';
import type { TopologyInput } from '../../agent/src/sandbox/topology/schema.ts';
import { eventuallyAsync, statusOf } from '../support/agent.ts';
import { eventually } from '../support/eventually.ts';
import { Lines } from '../support/load.ts';
import { dataplaneProcess } from '../support/processes.ts';
import { TALK } from './topology.ts';

const NODE = 'node-a';
const DATAPLANES = 3;
const CALLERS = Array.from({ length: 6 }, (_, at) => `caller-${at}`);
const at = (name: string) => join(import.meta.dirname, 'servers', name);

/** Callers on one node that three dataplanes share, and what they call on another. */
const TOPOLOGY: TopologyInput = {
  nodes: [NODE, 'node-b'],
  agents: { args: ['--dataplanes', `${DATAPLANES}`] },
  namespaces: [{ name: 'shop' }],
  pods: [
    ...CALLERS.map((name) => ({
      name,
      namespace: 'shop',
      node: NODE,
      command: ['sleep', 'infinity'],
      ready: 'started' as const,
    })),
    {
      name: 'greeter',
      namespace: 'shop',
      node: 'node-b',
      command: ['node', at('greeter.mjs')],
      ports: [2525],
    },
    {
      name: 'web',
      namespace: 'shop',
      node: 'node-b',
      command: ['nginx', '-c', at('nginx.conf')],
      ports: [8080],
    },
  ],
  services: [
    {
      name: 'greeter',
      namespace: 'shop',
      selector: { app: 'greeter' },
      ports: [{ port: 25, targetPort: 2525 }],
    },
    { name: 'web', namespace: 'shop', selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080 }] },
  ],
};

let sandbox: SandboxHandle;
beforeAll(async () => {
  sandbox = await startSandbox({ topology: TOPOLOGY });
});
afterAll(() => sandbox?.stop());

/** An open connection of a pod to a server that echoes. */
class Conversation implements AsyncDisposable {
  readonly #child: ChildProcess;
  #heard = '';
  /** What the client ended with, 0 after FIN and 1 after a reset; null while the connection is open. */
  code: number | null = null;

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#heard += text;
    });
    child.on('exit', (code) => {
      this.code = code;
    });
  }

  static async of(caller: string): Promise<Conversation> {
    const talk = ['node', TALK, 'greeter.shop', '25'];
    const child = await sandbox.spawn(`shop/${caller}`, talk, { stdio: ['pipe', 'pipe', 'ignore'] });
    const conversation = new Conversation(child);
    await conversation.heard('220 ready');
    return conversation;
  }

  async says(word: string): Promise<void> {
    this.#child.stdin?.write(word);
    await this.heard(word);
  }

  async heard(word: string): Promise<void> {
    await eventually(() => expect(this.#heard).toContain(word));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.code !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await ended;
  }
}

/** Which dataplane serves each caller. */
async function shards(): Promise<Map<string, number | null>> {
  const { pods } = await statusOf(sandbox, NODE);
  const callers = pods.filter(({ pod }) => CALLERS.includes(pod));
  return new Map(callers.map(({ pod, dataplane }) => [pod, dataplane]));
}

test('pods are spread over the dataplanes, and one that dies takes only its own pods’ connections along', async () => {
  const served = await shards();
  expect([...served.keys()].sort()).toEqual(CALLERS);
  expect(new Set(served.values())).toEqual(new Set([0, 1, 2]));

  await using stack = new AsyncDisposableStack();
  const open = new Map<string, Conversation>();
  for (const caller of CALLERS) open.set(caller, stack.use(await Conversation.of(caller)));
  // That they are where `status` says.
  await eventuallyAsync(async () => {
    const { dataplanes } = await statusOf(sandbox, NODE);
    for (const { index, openConnections } of dataplanes)
      expect(openConnections).toBe([...served.values()].filter((one) => one === index).length);
  });

  const victim = served.get('caller-0') ?? 0;
  const { dataplanes } = await statusOf(sandbox, NODE);
  const lost = CALLERS.filter((caller) => served.get(caller) === victim);
  const kept = CALLERS.filter((caller) => served.get(caller) !== victim);
  await using before = await Lines.curls(sandbox, `shop/${kept[0]}`, 'http://web.shop/');
  await using during = await Lines.curls(sandbox, `shop/${lost[0]}`, 'http://web.shop/');
  await Promise.all([before.more('200 0', 5), during.more('200 0', 5)]);
  const pid = dataplanes.find(({ index }) => index === victim)?.pid ?? null;
  process.kill(dataplaneProcess(sandbox, NODE, pid), 'SIGKILL');

  // With FIN where nothing was on its way: the kernel closes what a dead process had open.
  for (const caller of lost) await eventually(() => expect(open.get(caller)?.code).toBeTypeOf('number'));
  for (const caller of kept) await open.get(caller)?.says(`still here, ${caller}`);
  await during.more('200 0', 5);
  expect(Object.keys(before.counts)).toEqual(['200 0']);
  // 52 and 56: the one in flight broke off. 7 would be a refused one.
  const { '200 0': _, ...failed } = during.counts;
  expect(Object.keys(failed).filter((line) => !/^000 (52|56)$/.test(line))).toEqual([]);

  await eventuallyAsync(async () => {
    const now = (await statusOf(sandbox, NODE)).dataplanes;
    expect(now.map(({ state }) => state)).toEqual(['serving', 'serving', 'serving']);
    for (const { index, pid } of now) {
      const same = dataplanes.find((former) => former.index === index)?.pid === pid;
      expect(same, `dataplane ${index}`).toBe(index !== victim);
    }
  });
  expect(await shards()).toEqual(served);
  for (const caller of lost) {
    await using again = await Conversation.of(caller);
    await again.says('back again');
  }
  for (const caller of kept) await open.get(caller)?.says('all the time');
});
