import { once } from 'node:events';
import { existsSync, readlinkSync } from 'node:fs';
import { Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CaptureOptions } from '../../../agent/src/capture/protocol.ts';
import { ZONE } from '../../../agent/src/capture/zone.ts';
import { greetingOf, TestAgent, Upstream } from './agent.ts';
import { eventually } from './eventually.ts';
import { DISABLED, listed, local } from './local-pods.ts';
import { OwnCgroup } from './own-cgroup.ts';
import { makeBridge, Pod, removeBridge } from './pod.ts';

const PORT = 8080;
const HOST = '10.66.0.1';

beforeAll(makeBridge);
afterAll(removeBridge);

/** Connections that a pod makes one after the other, some at a time. */
class Load {
  greeted = 0;
  readonly failures: string[] = [];
  #wanted = true;
  readonly #runs: readonly Promise<void>[];

  constructor(pod: Pod, atOnce: number) {
    this.#runs = Array.from({ length: atOnce }, () => this.#run(pod));
  }

  reached(count: number): Promise<void> {
    return eventually(() => expect(this.greeted + this.failures.length).toBeGreaterThan(count));
  }

  async stop(): Promise<void> {
    this.#wanted = false;
    await Promise.all(this.#runs);
  }

  async #run(pod: Pod): Promise<void> {
    while (this.#wanted) {
      try {
        const { greeting } = await pod.connect(HOST, PORT);
        if (greeting.startsWith('agent')) this.greeted++;
        else this.failures.push(greeting);
      } catch (error) {
        this.failures.push(String(error));
      }
    }
  }
}

const exempt = (pod: Pod, rules: CaptureOptions['rules']) =>
  rules === 'auto'
    ? (pod.rules().match(/comment "the agent itself"/g) ?? [])
    : (pod.iptables().match(/the agent itself/g) ?? []);

describe.each([
  ['auto', 'auto'],
  ['auto', 'mark'],
  ['iptables', 'auto'],
  ['iptables', 'mark'],
] as const)('an agent with rules %s and exemption %s', (rules, exemption) => {
  it('is followed by another at the same listeners, and nobody who waits at them is lost', async () => {
    await using _upstream = await Upstream.listen(HOST, PORT);
    await using pod = new Pod();
    const first = new TestAgent({ rules, exemption });
    const before = await first.enrolled(pod.name);
    await first.serve(before.ns);
    await pod.startApp();
    const open = await pod.connect(HOST, PORT);
    first.stopServing();
    const waiting = pod.connect(HOST, PORT);

    await using second = new TestAgent(
      { rules, exemption },
      TestAgent.copies(await first.client.stepAside()),
    );
    const after = await second.enrolled(pod.name);
    const ports = ({ listeners }: typeof before) => listeners.map(({ port }) => port);
    expect(ports(after)).toEqual(ports(before));
    await second.serve(after.ns);
    expect((await waiting).greeting).toBe(`agent ${HOST} ${PORT}`);
    expect(second.accepted).toHaveLength(1);

    // Both dial past the redirect, and what the first one relays goes on.
    for (const [agent, ns] of [
      [first, before.ns],
      [second, after.ns],
    ] as const) {
      const [fd = -1] = await agent.sockets(ns, 4, 1);
      expect(await greetingOf(fd, HOST, PORT)).toContain('upstream');
    }
    expect(await pod.say(open.connection, 'still here')).toBe('still here');

    await first.crash();
    await second.client.retireFormer();
    await second.client.reconcile();
    expect(second.events.filter(({ kind }) => kind === 'repaired')).toEqual([]);
    expect((await pod.connect(HOST, PORT)).greeting).toContain('agent');
    expect((await pod.connect('fd66::1', PORT)).greeting).toContain('agent');
    const [fd = -1] = await second.sockets(after.ns, 4, 1);
    expect(await greetingOf(fd, HOST, PORT)).toContain('upstream');
  });
});

/** Counts what is tracked in the agents' zone. */
const COUNT = `table inet counting {
  chain apart {
    type filter hook output priority 0
    ct original zone ${ZONE} counter
  }
}`;

describe.runIf(OwnCgroup.possible)('an agent that is exempt by its cgroup', () => {
  it.each(['auto', 'iptables'] as const)(
    'keeps its connections when one in another cgroup follows it (rules: %s)',
    async (rules) => {
      await using _upstream = await Upstream.listen(HOST, PORT);
      await using pod = new Pod();
      pod.exec('nft', COUNT);
      using _before = new OwnCgroup('before');
      const first = new TestAgent({ rules });
      const before = await first.enrolled(pod.name);
      expect((await first.event('ready')).exemption.kind).toBe('cgroup');
      const dialled = await dialledBy(first, before.ns);

      using _after = new OwnCgroup('after');
      await using second = new TestAgent({ rules }, TestAgent.copies(await first.client.stepAside()));
      const after = await second.enrolled(pod.name);
      expect((await second.event('ready')).exemption.kind).toBe('cgroup');
      for (const open of [dialled, await dialledBy(second, after.ns)]) {
        open.write('still here');
        expect(String((await once(open, 'data'))[0])).toBe('still here');
        open.destroy();
      }
      expect(pod.rules()).toMatch(/zone .* counter packets [1-9]/);
      await first.crash();
    },
  );
});

/** A connection past the redirect, which was greeted. */
async function dialledBy(agent: TestAgent, ns: number): Promise<Socket> {
  const [fd = -1] = await agent.sockets(ns, 4, 1);
  const socket = new Socket({ fd }).connect(PORT, HOST);
  expect(String((await once(socket, 'data'))[0])).toContain('upstream');
  return socket;
}

describe.each(['auto', 'iptables'] as const)('exemptions of agents before, with rules %s', (rules) => {
  it('hold until those have ended', async () => {
    await using _upstream = await Upstream.listen(HOST, PORT);
    await using pod = new Pod();
    const first = new TestAgent({ rules, exemption: 'mark' });
    await first.enrolled(pod.name);
    const [given] = await first.client.stepAside();
    if (given === undefined) throw new Error('nothing is handed over');
    const older = { kind: 'mark', mark: 0x1234_5678 } as const;
    const inheritance = { ...given, exemptions: [...given.exemptions, older] };
    await using second = new TestAgent({ rules, exemption: 'mark' }, TestAgent.copies([inheritance]));
    const { estate } = await second.enrolled(pod.name);
    expect(estate).toEqual({ ...inheritance, inode: undefined, listeners: undefined });
    const both = exempt(pod, rules);
    expect(rules === 'auto' ? pod.rules() : pod.iptables()).toContain('0x12345678');
    await second.client.retireFormer();
    expect(exempt(pod, rules)).toHaveLength(both.length / 2);
    expect(rules === 'auto' ? pod.rules() : pod.iptables()).not.toContain('0x12345678');
    const [passedOn] = await second.client.stepAside();
    expect(passedOn?.exemptions).toEqual(given.exemptions);
    await second.client.stepBack();
    await first.crash();
  });
});

it('says who has made listeners, and not who else has had them since', async () => {
  await using pod = new Pod();
  const first = new TestAgent();
  await first.enrolled(pod.name);
  const [given] = await first.client.stepAside();
  if (given === undefined) throw new Error('nothing is handed over');
  // As if it had been an agent in another container.
  const makers = [{ kind: 'cgroup', path: '/former', id: 1n, level: 1 }] as const;
  const known = {
    pods: [listed(pod, { annotations: { 'eastwall.dev/inbound': 'on' } })],
    namespaces: [],
  };
  await using second = new TestAgent({}, TestAgent.copies([{ ...given, makers }]));
  const { ns, estate } = await second.enrolled(pod.name);
  expect(estate.makers).toEqual(makers);
  await first.crash();
  second.client.pods(known);
  await second.observed(ns);
  const [passedOn] = await second.client.stepAside();
  expect(passedOn?.makers).toEqual([...given.makers, ...makers]);
  await second.client.stepBack();
});

it('keeps nothing of a pod that goes while it is handed over', async () => {
  const first = new TestAgent();
  await using kept = new Pod();
  await first.enrolled(kept.name);
  const gone = new Pod();
  const { inode } = await first.enrolled(gone.name);
  const copies = TestAgent.copies(await first.client.stepAside());
  const given = copies.find((one) => one.inode === inode);
  const fds = given?.listeners.map(({ fd }) => fd) ?? [];
  // A number may be another file's by then.
  const sockets = () =>
    fds.map((fd) => (existsSync(`/proc/self/fd/${fd}`) ? readlinkSync(`/proc/self/fd/${fd}`) : ''));
  const before = new Set(sockets());
  expect(before.size).toBe(2);
  await gone[Symbol.asyncDispose]();
  await using second = new TestAgent({}, copies);
  // Whoever waits for all that was handed over hears of this one, too.
  await second.event('failed', (event) => event.inode === inode);
  expect(sockets().filter((socket) => before.has(socket))).toEqual([]);
  await second.enrolled(kept.name);
  await first.crash();
});

describe('an agent that has stepped aside', () => {
  it('changes nothing, enrols nobody, and makes up for it when it steps back', async () => {
    await using agent = new TestAgent();
    await using pod = new Pod();
    await agent.enrolled(pod.name);
    await agent.client.stepAside();
    pod.exec('nft', 'flush', 'ruleset');
    await using late = new Pod();
    await agent.client.reconcile();
    expect([pod.rules(), late.rules()]).toEqual(['', '']);
    await agent.client.stepBack();
    await agent.enrolled(late.name);
    for (const one of [pod, late]) expect(one.rules()).toContain('redirect');
  });

  it('removes what the other one has put into a pod that is not to be intercepted', async () => {
    await using agent = new TestAgent();
    await agent.event('ready');
    await agent.client.stepAside();
    await using pod = new Pod();
    const next = new TestAgent();
    await next.enrolled(pod.name);
    await next.crash();
    expect(pod.rules()).toMatch(/eastwall/i);
    agent.client.pods(local(listed(pod, DISABLED)));
    await agent.client.stepBack();
    await eventually(() => expect(pod.rules()).not.toMatch(/eastwall/i));
  });

  it('lets nobody past itself until its dataplane accepts again', async () => {
    await using _upstream = await Upstream.listen(HOST, PORT);
    await using pod = new Pod();
    // So that the last beat before it stepped aside is long ago.
    await using first = new TestAgent({ gateTimeoutMs: 3_000 });
    const before = await first.enrolled(pod.name);
    await first.serve(before.ns);
    await pod.startApp();
    first.client.beat([before.ns]);
    const second = new TestAgent({}, TestAgent.copies(await first.client.stepAside()));
    await second.enrolled(pod.name);
    await pause(3_100);
    await second.crash();
    const load = new Load(pod, 2);
    await load.reached(5);
    const back = first.client.stepBack();
    const { greeted } = load;
    await load.reached(greeted + 5);
    first.client.beat([before.ns]);
    await back;
    await load.reached(load.greeted + 5);
    await load.stop();
    expect(load.failures).toEqual([]);
    expect((await pod.connect(HOST, PORT)).greeting).toContain('agent');
  });

  it('leaves what it could not pass on to a listener of the next one', async () => {
    await using pod = new Pod();
    const first = new TestAgent();
    const before = await first.enrolled(pod.name);
    await first.client.stepAside();
    await using second = new TestAgent();
    const after = await second.enrolled(pod.name);
    expect(after.listeners[0]?.port).not.toBe(before.listeners[0]?.port);
    await first.crash();
    await second.serve(after.ns);
    await pod.startApp();
    expect((await pod.connect(HOST, PORT)).greeting).toContain('agent');
  });
});

describe.each(['auto', 'iptables'] as const)('a successor that gets no listener (%s)', (rules) => {
  it('loses no connection under load: rules switch at once, and the one before accepts what was on its way', async () => {
    await using pod = new Pod();
    const first = new TestAgent({ rules });
    const before = await first.enrolled(pod.name);
    await first.serve(before.ns);
    await pod.startApp();
    const load = new Load(pod, 16);
    await load.reached(200);
    await first.client.stepAside();

    await using second = new TestAgent({ rules });
    const after = await second.enrolled(pod.name);
    expect(after.listeners[0]?.port).not.toBe(before.listeners[0]?.port);
    await second.serve(after.ns);
    await eventually(() => expect(second.accepted.length).toBeGreaterThan(200));
    await first.crash();
    const then = load.greeted;
    await load.reached(then + 200);
    await load.stop();
    expect(load.failures).toEqual([]);
    expect(first.accepted.length + second.accepted.length).toBe(load.greeted);
  });
});

describe('an agent that is about to go without a successor', () => {
  it.each(['auto', 'iptables'] as const)(
    'lets new connections go direct and open ones go on (%s)',
    async (rules) => {
      await using _upstream = await Upstream.listen(HOST, PORT);
      await using agent = new TestAgent({ rules });
      await using pod = new Pod();
      const { ns } = await agent.enrolled(pod.name);
      await agent.serve(ns);
      await pod.startApp();
      const open = await pod.connect(HOST, PORT);
      expect(open.greeting).toContain('agent');
      await agent.client.lapse();
      expect((await pod.connect(HOST, PORT)).greeting).toBe(`upstream ${pod.ip4}`);
      // Its word that it is alive comes too late.
      agent.client.beat([ns]);
      await agent.client.reconcile();
      expect((await pod.connect(HOST, PORT)).greeting).toBe(`upstream ${pod.ip4}`);
      expect(await pod.say(open.connection, 'still here')).toBe('still here');
    },
  );

  it('goes on accepting until nobody waits who came before', async () => {
    await using _upstream = await Upstream.listen(HOST, PORT);
    await using agent = new TestAgent();
    await using pod = new Pod();
    const { ns } = await agent.enrolled(pod.name);
    await agent.serve(ns);
    await pod.startApp();
    expect((await pod.connect(HOST, PORT)).greeting).toContain('agent');
    agent.stopServing();
    const waiting = pod.connect(HOST, PORT);
    await eventually(() =>
      expect(pod.exec('ss', '-Htn', 'state', 'established')).toContain(`${HOST}:${PORT}`),
    );
    expect(pod.rules()).toContain('redirect to');
    const order: string[] = [];
    const lapsed = agent.client.lapse().then(() => order.push('lapsed'));
    await eventually(() => expect(pod.rules()).not.toContain('redirect to'));
    expect((await pod.connect(HOST, PORT)).greeting).toBe(`upstream ${pod.ip4}`);
    order.push('accepts again');
    await agent.serve(ns);
    expect((await waiting).greeting).toContain('agent');
    await lapsed;
    expect(order).toEqual(['accepts again', 'lapsed']);
  });

  it('refuses new connections of pods that fail closed', async () => {
    await using _upstream = await Upstream.listen(HOST, PORT);
    await using pod = new Pod();
    const agent = new TestAgent({ failMode: 'closed' });
    const { ns } = await agent.enrolled(pod.name);
    await agent.serve(ns);
    await pod.startApp();
    const open = await pod.connect(HOST, PORT);
    await agent.client.lapse();
    await expect(pod.connect(HOST, PORT)).rejects.toThrow('ECONNREFUSED');
    expect(await pod.say(open.connection, 'still here')).toBe('still here');
    await agent.crash();
    await using next = new TestAgent();
    await next.serve((await next.enrolled(pod.name)).ns);
    await eventually(async () => expect((await pod.connect(HOST, PORT)).greeting).toContain('agent'));
  });
});
