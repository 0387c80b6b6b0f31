import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { greetingOf, TestAgent } from './agent.ts';
import { eventually, eventuallyAsync } from './eventually.ts';
import { listed, local } from './local-pods.ts';
import { both, client, PORT, server } from './observed.ts';
import { makeBridge, Pod, removeBridge } from './pod.ts';

/** Of a mesh's sidecar, to which its init container sends whatever comes to the pod. */
const SIDECAR = 15_006;
/** Another address of the node, as overlay networks have one; only the kube API tells of it. */
const HOST_ADDRESS = '10.66.0.200';

beforeAll(() => {
  makeBridge();
  execFileSync('ip', ['addr', 'add', `${HOST_ADDRESS}/32`, 'dev', 'br0']);
});
afterAll(removeBridge);

/** What a server says to a connection from the node itself, from that address. */
async function fromNode(host: string, localAddress?: string): Promise<string> {
  const socket = connect({ host, port: PORT, ...(localAddress !== undefined && { localAddress }) });
  const [bytes] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  return bytes.toString();
}

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
    await agent.event('unseen', (event) => event.ns === ns);
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

  it.each([
    ['strict', 1],
    ['loose', 2],
  ])(
    'sees the address of whoever calls it where the kernel checks the way back to it (%s)',
    async (_, mode) => {
      await using agent = new TestAgent();
      const { pod, observe } = await server(agent);
      await using _pod = pod;
      for (const device of ['all', 'default', 'lo', 'eth0'])
        pod.exec('sysctl', '-qw', `net.ipv4.conf.${device}.rp_filter=${mode}`);
      await observe();
      await using caller = await client();
      const { connection, greeting } = await caller.connect(pod.ip4, PORT);
      expect(greeting).toContain(`app ${caller.ip4} `);
      expect(await caller.say(connection, 'hello')).toBe('hello');
      expect(agent.arrivals).toHaveLength(1);
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

  it('sees who calls again from a port that its server has closed a moment ago', async () => {
    await using agent = new TestAgent();
    const { pod, observe } = await server(agent);
    await using _pod = pod;
    await observe();
    await using caller = await client();
    for (const [at, host] of both(pod).entries()) {
      const { connection } = await caller.connect(host, PORT, 45_000);
      expect(await caller.say(connection, 'bye')).toBe('bye');
      await eventually(() =>
        expect(pod.exec('ss', '-tanH', 'state', 'time-wait', 'sport', `${PORT}`)).toContain(':45000'),
      );
      expect((await caller.connect(host, PORT, 45_000)).greeting).toMatch(/ 45000$/);
      expect(agent.arrivals).toHaveLength(2 * at + 2);
    }
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

/** Without what differs from one moment to the next. */
const ruleset = (pod: Pod): string =>
  pod
    .rules()
    .replaceAll(/(timeout|expires) \S+/g, '')
    .replaceAll(/packets \d+ bytes \d+/g, '');

describe('whether a pod is observed', () => {
  const annotated = (pod: Pod, word: string) =>
    listed(pod, { annotations: { 'eastwall.dev/inbound': word } });
  const isObserved = (agent: TestAgent, pod: Pod): string | null | undefined =>
    agent.latest('pairings')?.pods.find(({ uid }) => uid === listed(pod).uid)?.inbound;

  it.each([
    ['auto', 'on', false, 'annotation'],
    ['on', undefined, false, 'setting'],
    ['on', 'off', true, null],
    ['off', undefined, true, null],
    ['off', 'on', false, 'annotation'],
    ['auto', undefined, true, 'ids'],
    ['auto', undefined, false, null],
    ['auto', 'off', true, null],
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
      await eventually(() => expect(isObserved(agent, pod)).toBe(word === 'on' ? 'annotation' : null));
    }
  });

  it('is not a question with iptables', async () => {
    await using agent = new TestAgent({ rules: 'iptables', inbound: 'on' });
    expect((await agent.event('ready')).inboundProblem).toBe('only done with nftables');
    await using pod = new Pod();
    await agent.enrolled(pod.name);
    agent.client.pods(local(listed(pod)));
    await eventually(() => expect(isObserved(agent, pod)).toBe(null));
  });
});
