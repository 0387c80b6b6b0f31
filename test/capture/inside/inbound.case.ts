import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CaptureOptions } from '../../../agent/src/capture/protocol.ts';
import { greetingOf, TestAgent } from './agent.ts';
import { eventually, eventuallyAsync } from './eventually.ts';
import { listed, local } from './local-pods.ts';
import { makeBridge, Pod, removeBridge } from './pod.ts';

const PORT = 8080;
/** Of a mesh's sidecar, to which its init container sends whatever comes to the pod. */
const SIDECAR = 15_006;
/** Another address of the node, as overlay networks have one; only the kube API tells of it. */
const HOST_ADDRESS = '10.66.0.200';

beforeAll(() => {
  makeBridge();
  execFileSync('ip', ['addr', 'add', `${HOST_ADDRESS}/32`, 'dev', 'br0']);
});
afterAll(removeBridge);

/** A pod with a server, which an agent observes. */
async function server(agent: TestAgent): Promise<{ pod: Pod; ns: number; observe(): Promise<void> }> {
  const pod = new Pod();
  const { ns } = await agent.enrolled(pod.name);
  await agent.serve(ns);
  await pod.startApp();
  await pod.listen('0.0.0.0', PORT);
  await pod.listen(pod.ip6, PORT);
  return {
    pod,
    ns,
    observe: async () => {
      agent.client.inbound(ns, true);
      await agent.observed(ns);
    },
  };
}

/** Who calls from where no agent is. */
async function client(): Promise<Pod> {
  const pod = new Pod({ watched: false });
  await pod.startApp();
  return pod;
}

/** What a server says to a connection from the node itself, from that address. */
async function fromNode(host: string, localAddress?: string): Promise<string> {
  const socket = connect({ host, port: PORT, ...(localAddress !== undefined && { localAddress }) });
  const [bytes] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  return bytes.toString();
}

const both = ({ ip4, ip6 }: Pod): [string, string] => [ip4, ip6];

describe.each([['auto'], ['mark']] as const)('with exemption %s, a pod that is observed', (exemption) => {
  it('sees the address and port of whoever calls it', async () => {
    await using agent = new TestAgent({ exemption });
    expect((await agent.event('ready')).inboundProblem).toBeNull();
    const { pod, observe } = await server(agent);
    await using _pod = pod;
    await observe();
    await using caller = await client();
    for (const [at, host] of both(pod).entries()) {
      const { connection, greeting } = await caller.connect(host, PORT);
      const [from, port] = (agent.arrivals.at(-1) ?? '').split(' ');
      expect(from).toBe(both(caller)[at]);
      expect(greeting.replace('::ffff:', '')).toBe(`app ${from} ${port}`);
      expect(await caller.say(connection, 'hello')).toBe('hello');
    }
    expect(agent.arrivals).toHaveLength(2);
  });

  it('is reached past the agent by the node, by itself, and over loopback', async () => {
    await using agent = new TestAgent({ exemption });
    const { pod, observe } = await server(agent);
    await using _pod = pod;
    agent.client.pods(local(listed(pod, { hostIPs: [HOST_ADDRESS] })));
    await observe();
    for (const host of both(pod)) expect(await fromNode(host)).toMatch(/^app /);
    expect(await fromNode(pod.ip4, HOST_ADDRESS)).toContain(HOST_ADDRESS);
    for (const host of [pod.ip4, pod.ip6, '127.0.0.1'])
      expect((await pod.connect(host, PORT)).greeting).toMatch(/^app /);
    expect(agent.arrivals).toEqual([]);
  });
});

describe('a pod that is observed', () => {
  it('keeps the connections that it had before, and those that came after when it is not any more', async () => {
    await using agent = new TestAgent();
    const { pod, ns, observe } = await server(agent);
    await using _pod = pod;
    const before = { rules: ruleset(pod), routing: pod.routing() };
    await using caller = await client();
    const early = await caller.connect(pod.ip4, PORT);
    await observe();
    expect(await caller.say(early.connection, 'still here')).toBe('still here');
    const during = [];
    for (const host of both(pod)) during.push((await caller.connect(host, PORT)).connection);
    expect(agent.arrivals).toHaveLength(2);

    agent.client.inbound(ns, false);
    await agent.event('inbound', ({ listeners }) => listeners.length === 0);
    for (const connection of [early.connection, ...during])
      expect(await caller.say(connection, 'still here')).toBe('still here');
    for (const host of both(pod)) expect((await caller.connect(host, PORT)).greeting).toMatch(/^app /);
    expect(agent.arrivals).toHaveLength(2);

    await agent.client.reconcile();
    expect(pod.routing()).not.toBe(before.routing);
    for (const connection of during) await caller.close(connection);
    await eventuallyAsync(async () => {
      await agent.client.reconcile();
      expect({ rules: ruleset(pod), routing: pod.routing() }).toEqual(before);
    });
  });

  it('has nothing left of it when it is not enrolled any more, nor when the agent is uninstalled', async () => {
    const agent = new TestAgent();
    const first = await server(agent);
    await using _first = first.pod;
    const second = await server(agent);
    await using _second = second.pod;
    const before = [first, second].map(({ pod }) => ({ rules: '', routing: pod.routing() }));
    await first.observe();
    await second.observe();
    expect(first.pod.routing()).not.toBe(before[0]?.routing);
    const annotations = { 'eastwall.dev/capture': 'disabled' };
    agent.client.pods(local(listed(first.pod, { annotations }), listed(second.pod)));
    await eventually(() => expect(left(first.pod)).toEqual(before[0]));
    await agent[Symbol.asyncDispose]();
    expect(left(second.pod)).toEqual(before[1]);
  });

  it.each([['before'], ['after']] as const)(
    'goes on to be reached by way of a sidecar that came %s',
    async (when) => {
      await using agent = new TestAgent();
      const { pod, observe } = await server(agent);
      await using _pod = pod;
      const redirect = ['-t', 'nat', '-A', 'PREROUTING', '-p', 'tcp', '-j', 'REDIRECT', '--to-ports'];
      const join = async () => {
        await pod.listen('0.0.0.0', SIDECAR);
        await pod.listen(pod.ip6, SIDECAR);
        for (const program of ['iptables', 'ip6tables']) pod.exec(program, ...redirect, `${SIDECAR}`);
      };
      if (when === 'before') await join();
      await observe();
      if (when === 'after') await join();
      await using caller = await client();
      for (const host of both(pod)) expect((await caller.connect(host, PORT)).greeting).toMatch(/^app /);
      expect(agent.arrivals).toEqual([]);
    },
  );

  it('does not show the port of the agent to anybody', async () => {
    await using agent = new TestAgent();
    const { pod, observe } = await server(agent);
    await using _pod = pod;
    await observe();
    await using caller = await client();
    const [inbound] = agent.inboundPorts();
    for (const host of both(pod))
      await expect(caller.connect(host, inbound ?? 0)).rejects.toThrow('ECONNREFUSED');
    await expect(fromNode(pod.ip4).then(() => pod.connect('127.0.0.1', inbound ?? 0))).rejects.toThrow(
      'ECONNREFUSED',
    );
  });

  it('refuses at ports where it does not listen', async () => {
    await using agent = new TestAgent();
    const { pod, observe } = await server(agent);
    await using _pod = pod;
    await observe();
    await using caller = await client();
    for (const host of both(pod)) await expect(caller.connect(host, 9)).rejects.toThrow('ECONNREFUSED');
    expect(agent.arrivals).toEqual([]);
  });

  it('is called from one port at two of its own', async () => {
    await using agent = new TestAgent();
    const { pod, observe } = await server(agent);
    await using _pod = pod;
    await pod.listen('0.0.0.0', PORT + 1);
    await observe();
    await using caller = await client();
    const connections = [];
    for (const port of [PORT, PORT + 1]) {
      const { connection, greeting } = await caller.connect(pod.ip4, port, 45_000);
      expect(greeting).toContain(`app ${caller.ip4}`);
      connections.push(connection);
    }
    for (const [at, connection] of connections.entries())
      expect(await caller.say(connection, `words ${at}`)).toBe(`words ${at}`);
    expect(agent.arrivals.map((arrival) => arrival.split(' to ')[1])).toEqual([`${PORT}`, `${PORT + 1}`]);
  });

  it('may listen itself at a port that somebody calls it from', async () => {
    await using agent = new TestAgent();
    const { pod, observe } = await server(agent);
    await using _pod = pod;
    await observe();
    await using caller = await client();
    expect((await caller.connect(pod.ip4, PORT, 45_000)).greeting).toBe(`app ${caller.ip4} 45000`);
    await pod.listen('0.0.0.0', 45_000);
  });

  it('calls another one that is observed, and both legs are the agent’s', async () => {
    await using agent = new TestAgent();
    const near = await server(agent);
    await using _near = near.pod;
    const far = await server(agent);
    await using _far = far.pod;
    await near.observe();
    await far.observe();
    // The stand-in answers what leaves a pod by itself; a socket of its own goes on, as the dataplane's does.
    expect((await near.pod.connect(far.pod.ip4, PORT)).greeting).toBe(`agent ${far.pod.ip4} ${PORT}`);
    const [fd = -1] = await agent.sockets(near.ns, 4, 1);
    expect(await greetingOf(fd, far.pod.ip4, PORT)).toMatch(new RegExp(`^app ${near.pod.ip4} `));
    expect(agent.arrivals).toHaveLength(1);
  });
});

/** All that there is of rules and routes. */
const left = (pod: Pod) => ({ rules: pod.rules(), routing: pod.routing() });

/** Which of the two sends connections to the agent at the moment. */
function gates(pod: Pod): { gate: boolean; arrivals: boolean } {
  const isOpen = (set: string) =>
    pod.exec('nft', 'list', 'set', 'inet', 'eastwall', set).includes('elements = { tcp');
  return { gate: isOpen('gate'), arrivals: isOpen('arrivals') };
}

/** Without what differs from one moment to the next. */
const ruleset = (pod: Pod): string =>
  pod
    .rules()
    .replaceAll(/(timeout|expires) \S+/g, '')
    .replaceAll(/packets \d+ bytes \d+/g, '');

describe('whether a pod is observed', () => {
  const annotated = (pod: Pod, word: string) =>
    listed(pod, { annotations: { 'eastwall.dev/inbound': word } });
  const isObserved = (agent: TestAgent, pod: Pod): boolean | undefined =>
    agent.latest('pairings')?.pods.find(({ uid }) => uid === listed(pod).uid)?.inbound;

  it.each([
    ['auto', 'on', false, true],
    ['on', undefined, false, true],
    ['on', 'off', true, false],
    ['off', undefined, true, false],
    ['off', 'on', false, true],
    ['auto', undefined, true, true],
    ['auto', 'off', true, false],
  ] as const)(
    'is chosen by setting %s, annotation %s and asked for %s: %s',
    async (inbound, word, asked, observed) => {
      await using agent = new TestAgent({ inbound });
      await using pod = new Pod();
      const { ns } = await agent.enrolled(pod.name);
      if (asked) agent.client.inbound(ns, true);
      agent.client.pods(local(word === undefined ? listed(pod) : annotated(pod, word)));
      await eventually(() => expect(isObserved(agent, pod)).toBe(observed));
      await agent.client.reconcile();
      expect(isObserved(agent, pod)).toBe(observed);
    },
  );

  it('follows its annotation', async () => {
    await using agent = new TestAgent();
    await using pod = new Pod();
    await agent.enrolled(pod.name);
    for (const word of ['on', 'off', 'on']) {
      agent.client.pods(local(annotated(pod, word)));
      await eventually(() => expect(isObserved(agent, pod)).toBe(word === 'on'));
    }
  });

  it('is not a question with iptables', async () => {
    await using agent = new TestAgent({ rules: 'iptables', inbound: 'on' });
    expect((await agent.event('ready')).inboundProblem).toBe('only done with nftables');
    await using pod = new Pod();
    await agent.enrolled(pod.name);
    agent.client.pods(local(listed(pod)));
    await eventually(() => expect(isObserved(agent, pod)).toBe(false));
  });
});

describe('an agent that observes', () => {
  const gate: Partial<CaptureOptions> = { gateTimeoutMs: 1_500 };

  it('and is gone keeps nobody from the pod, whatever the fail mode', async () => {
    await using caller = await client();
    for (const failMode of ['open', 'closed'] as const) {
      const agent = new TestAgent({ ...gate, failMode });
      const { pod, ns, observe } = await server(agent);
      await using _pod = pod;
      await observe();
      agent.client.beat([ns]);
      expect((await caller.connect(pod.ip4, PORT)).greeting).toContain(caller.ip4);
      expect(agent.arrivals).toHaveLength(1);
      await agent.crash();
      // At once, while the gate is still open: whoever comes has to wait, and is not refused.
      for (const host of both(pod)) expect((await caller.connect(host, PORT)).greeting).toMatch(/^app /);
      await using next = new TestAgent();
      await next.enrolled(pod.name);
    }
  });

  it('and is gone sends everybody past itself once one of them has found that out', async () => {
    const agent = new TestAgent();
    const { pod, observe } = await server(agent);
    await using _pod = pod;
    await observe();
    await using caller = await client();
    await caller.connect(pod.ip4, PORT);
    expect(gates(pod)).toEqual({ gate: true, arrivals: true });
    await agent.crash();
    expect((await caller.connect(pod.ip6, PORT)).greeting).toMatch(/^app /);
    expect(gates(pod)).toEqual({ gate: true, arrivals: false });
    for (const host of both(pod)) expect((await caller.connect(host, PORT)).greeting).toMatch(/^app /);
    await using next = new TestAgent();
    await next.enrolled(pod.name);
  });

  it('and whose dataplane has ended keeps nobody until there is another', async () => {
    await using agent = new TestAgent();
    const { pod, ns, observe } = await server(agent);
    await using _pod = pod;
    await observe();
    await using caller = await client();
    await caller.connect(pod.ip4, PORT);
    agent.stopServing();
    agent.client.unserved([ns]);
    for (const repair of [async () => {}, () => agent.client.reconcile()]) {
      await repair();
      await eventually(() => expect(gates(pod)).toEqual({ gate: true, arrivals: false }));
      for (const host of both(pod)) expect((await caller.connect(host, PORT)).greeting).toMatch(/^app /);
    }
    expect(agent.arrivals).toHaveLength(1);
    await agent.serve(ns);
    agent.client.beat([ns]);
    await eventually(() => expect(gates(pod)).toEqual({ gate: true, arrivals: true }));
    for (const host of both(pod)) expect((await caller.connect(host, PORT)).greeting).toMatch(/^app /);
    expect(agent.arrivals).toHaveLength(3);
  });

  it('is not taken for gone when a caller uses the port of a connection again that the agent has closed', async () => {
    await using agent = new TestAgent();
    const { pod, observe } = await server(agent);
    await using _pod = pod;
    await observe();
    await using caller = await client();
    await caller.connect(pod.ip4, PORT, 45_000);
    const [arrived, onwards] = agent.accepted.splice(0);
    onwards?.resetAndDestroy();
    arrived?.resume().end();
    await eventually(() => expect(pod.exec('ss', '-tan')).toMatch(/TIME-WAIT.*:45000/));
    expect((await caller.connect(pod.ip4, PORT, 45_000)).greeting).toMatch(/^app /);
    expect(agent.arrivals).toHaveLength(2);
    expect(gates(pod)).toEqual({ gate: true, arrivals: true });
  });

  it('and whose dataplane hangs keeps nobody for longer than the gate is open', async () => {
    await using agent = new TestAgent(gate);
    const { pod, ns, observe } = await server(agent);
    await using _pod = pod;
    await observe();
    agent.client.beat([ns]);
    await using caller = await client();
    await caller.connect(pod.ip4, PORT);
    await eventuallyAsync(async () => {
      const before = agent.arrivals.length;
      expect((await caller.connect(pod.ip4, PORT)).greeting).toMatch(/^app /);
      expect(agent.arrivals).toHaveLength(before);
    });
  });

  it('is followed by another at the same listeners, with open connections and one that waits', async () => {
    const first = new TestAgent();
    const { pod, observe } = await server(first);
    await using _pod = pod;
    await observe();
    await using caller = await client();
    const open = await caller.connect(pod.ip4, PORT);
    first.stopServing();
    const waiting = caller.connect(pod.ip4, PORT);
    const estate = await first.client.stepAside();
    await using second = new TestAgent({}, TestAgent.copies(estate));
    const { ns, listeners } = await second.enrolled(pod.name);
    expect(listeners.map(({ direction }) => direction)).toEqual([
      'outbound',
      'outbound',
      'inbound',
      'inbound',
    ]);
    await second.serve(ns);
    expect((await waiting).greeting).toMatch(new RegExp(`^app ${caller.ip4} `));
    expect(second.arrivals).toHaveLength(1);
    expect(await caller.say(open.connection, 'still here')).toBe('still here');
    await first.crash();
    await second.client.retireFormer();
    await second.client.reconcile();
    expect(second.events.filter(({ kind }) => kind === 'repaired')).toEqual([]);
    for (const host of both(pod)) expect((await caller.connect(host, PORT)).greeting).toMatch(/^app /);
    expect(second.arrivals).toHaveLength(3);
  });

  it('leaves its port to nobody else while it is gone', async () => {
    const agent = new TestAgent();
    const { pod, observe } = await server(agent);
    await using _pod = pod;
    await observe();
    const [port = 0] = agent.inboundPorts();
    await agent.crash();
    await pod.listen('0.0.0.0', port);
    await using caller = await client();
    await expect(caller.connect(pod.ip4, PORT)).rejects.toThrow('ECONNREFUSED');
    await using next = new TestAgent();
    await next.enrolled(pod.name);
  });

  it('puts back what somebody takes away', async () => {
    await using agent = new TestAgent();
    const { pod, observe } = await server(agent);
    await using _pod = pod;
    await observe();
    const before = pod.routing();
    pod.exec('ip', 'rule', 'delete', 'pref', '100');
    pod.exec('ip', '-6', 'route', 'flush', 'table', String(0x65617374));
    await agent.client.reconcile();
    expect(pod.routing()).toBe(before);
    expect(agent.latest('repaired')?.what).toEqual(['return path']);
    await agent.client.reconcile();
    expect(agent.events.filter(({ kind }) => kind === 'repaired')).toHaveLength(1);
  });
});
