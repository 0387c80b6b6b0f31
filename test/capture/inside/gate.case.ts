import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestAgent, Upstream } from './agent.ts';
import { eventually, eventuallyAsync } from './eventually.ts';
import { listed, local } from './local-pods.ts';
import { makeBridge, Pod, removeBridge } from './pod.ts';

const PORT = 8080;
const HOSTS = ['10.66.0.1', 'fd66::1'] as const;
const CLOSED = { annotations: { 'eastwall.dev/fail-mode': 'closed' } };
/** Short enough to wait for. */
const GATE = { gateTimeoutMs: 1_000 };

beforeAll(makeBridge);
afterAll(removeBridge);

/** How a new connection ends: at the agent, at the upstream, or refused. */
const arrival = (pod: Pod, host: string): Promise<string> =>
  pod.connect(host, PORT).then(
    ({ greeting }) => greeting.split(' ', 1)[0] ?? '',
    (error: Error) => error.message,
  );

async function upstreams(): Promise<AsyncDisposable> {
  const stack = new AsyncDisposableStack();
  for (const host of HOSTS) stack.use(await Upstream.listen(host, PORT));
  return stack;
}

/** An enrolled pod of that fail mode, with an application and an agent that accepts. */
async function enrolledPod(agent: TestAgent, mode: 'open' | 'closed') {
  const pod = new Pod();
  const { ns } = await agent.enrolled(pod.name);
  await agent.serve(ns);
  if (mode === 'closed') {
    agent.client.pods(local(listed(pod, CLOSED)));
    await agent.event('pairings', ({ pods }) => pods.some(({ failMode }) => failMode === 'closed'));
  }
  await pod.startApp();
  return { agent, pod, ns };
}

/**
 * The number of a connection to the agent. Each try has a beat of its own: on a busy machine the gate is closed again, or
 * not open yet, by the time that a pod connects.
 */
async function redirected(
  { agent, pod, ns }: Awaited<ReturnType<typeof enrolledPod>>,
  host: string,
): Promise<number> {
  let number = 0;
  await eventuallyAsync(async () => {
    agent.client.beat([ns]);
    const { connection, greeting } = await pod.connect(host, PORT);
    expect(greeting).toContain('agent');
    number = connection;
  });
  return number;
}

describe.each([
  ['open', 'upstream'],
  ['closed', 'ECONNREFUSED'],
] as const)('a pod in fail mode `%s`', (mode, otherwise) => {
  it('is redirected while the dataplane beats, then goes its way, and is redirected again', async () => {
    await using _ = await upstreams();
    await using agent = new TestAgent(GATE);
    const enrolled = await enrolledPod(agent, mode);
    await using pod = enrolled.pod;
    const open = [];
    for (const host of HOSTS) open.push(await redirected(enrolled, host));
    for (const host of HOSTS) {
      await eventuallyAsync(async () => expect(await arrival(pod, host)).toBe(otherwise));
    }
    // What was redirected while the gate was open goes on, whatever became of the gate.
    for (const connection of open) expect(await pod.say(connection, 'still here')).toBe('still here');
    for (const host of HOSTS) await redirected(enrolled, host);
  });

  it('is refused at once when the agent is killed, goes its way later, and is redirected by the next agent', async () => {
    await using _ = await upstreams();
    const first = new TestAgent(GATE);
    const enrolled = await enrolledPod(first, mode);
    await using pod = enrolled.pod;
    await redirected(enrolled, HOSTS[0]);
    await first.crash();
    for (const host of HOSTS) {
      await eventuallyAsync(async () => expect(await arrival(pod, host)).toBe(otherwise));
    }
    await using second = new TestAgent({ ...GATE, gateTimeoutMs: 60_000 });
    await second.serve((await second.enrolled(pod.name)).ns);
    for (const host of HOSTS) expect(await arrival(pod, host)).toBe('agent');
  });

  it('stays enforced when the next agent comes in time', async () => {
    await using _ = await upstreams();
    const first = new TestAgent();
    const { pod } = await enrolledPod(first, mode);
    await using _pod = pod;
    await first.crash();
    expect(await arrival(pod, HOSTS[0])).toBe('ECONNREFUSED');
    expect(await arrival(pod, HOSTS[1])).toBe('ECONNREFUSED');
    await using second = new TestAgent();
    await second.serve((await second.enrolled(pod.name)).ns);
    for (const host of HOSTS) expect(await arrival(pod, host)).toBe('agent');
  });

  it('reaches DNS and itself without the agent', async () => {
    await using _dns = await Upstream.listen('10.66.0.1', 53);
    const agent = new TestAgent({ gateTimeoutMs: 1 });
    const { pod } = await enrolledPod(agent, mode);
    await using _pod = pod;
    await agent.crash();
    expect((await pod.connect('10.66.0.1', 53)).greeting).toContain('upstream');
    for (const host of ['127.0.0.1', '::1', pod.ip4, pod.ip6]) {
      await pod.listen(host, 7000);
      expect((await pod.connect(host, 7000)).greeting).toMatch(/^app /);
    }
  });
});

describe('the gate', () => {
  it('gets its whole time with each beat', async () => {
    await using agent = new TestAgent({ gateTimeoutMs: 100_000 });
    const { pod, ns } = await enrolledPod(agent, 'open');
    await using _pod = pod;
    await eventually(() => expect(timeLeft(pod)).toBeLessThan(99_500));
    await eventually(() => {
      agent.client.beat([ns]);
      expect(timeLeft(pod)).toBeGreaterThan(99_500);
    });
  });

  it('is not opened by what puts rules right', async () => {
    await using _ = await upstreams();
    await using agent = new TestAgent(GATE);
    const { pod, ns } = await enrolledPod(agent, 'closed');
    await using _pod = pod;
    await eventuallyAsync(async () => expect(await arrival(pod, HOSTS[0])).toBe('ECONNREFUSED'));
    pod.exec('nft', 'flush', 'ruleset');
    await agent.client.reconcile();
    await agent.event('repaired');
    for (const host of HOSTS) expect(await arrival(pod, host)).toBe('ECONNREFUSED');
    // Nor by a beat for somebody else.
    agent.client.beat([ns + 1]);
    await agent.client.reconcile();
    expect(await arrival(pod, HOSTS[0])).toBe('ECONNREFUSED');
  });

  it('follows the pod from one fail mode to the other', async () => {
    await using _ = await upstreams();
    await using agent = new TestAgent({ gateTimeoutMs: 1 });
    const { pod } = await enrolledPod(agent, 'closed');
    await using _pod = pod;
    expect(await arrival(pod, HOSTS[0])).toBe('ECONNREFUSED');
    agent.client.pods(local(listed(pod, { annotations: { 'eastwall.dev/fail-mode': 'open' } })));
    for (const host of HOSTS) {
      await eventuallyAsync(async () => expect(await arrival(pod, host)).toBe('upstream'));
    }
  });

  it('keeps a closed pod closed when the agent removes its rules', async () => {
    await using _ = await upstreams();
    const agent = new TestAgent(GATE);
    const { pod } = await enrolledPod(agent, 'closed');
    await using open = new Pod();
    await agent.enrolled(open.name);
    await using _pod = pod;
    await agent.client.uninstall();
    expect(open.rules()).not.toContain('eastwall');
    await eventuallyAsync(async () => expect(await arrival(pod, HOSTS[0])).toBe('ECONNREFUSED'));
  });
});

/** Milliseconds until the gate closes, as the kernel counts them. */
function timeLeft(pod: Pod): number {
  const set = pod.exec('nft', 'list', 'set', 'inet', 'eastwall', 'gate');
  const [, minutes = 0, seconds = 0, ms = 0] = /expires (?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?/.exec(set) ?? [];
  return Number(minutes) * 60_000 + Number(seconds) * 1_000 + Number(ms);
}

describe('the port of the agent', () => {
  it('is nobody else’s: not while the agent is gone, nor beside it', async () => {
    await using _ = await upstreams();
    const agent = new TestAgent();
    const { pod } = await enrolledPod(agent, 'open');
    await using _pod = pod;
    const port = String(agent.portOf(pod.name));
    expect(join(pod, '127.0.0.1', port)).toContain('Address already in use');
    expect(join(pod, '0.0.0.0', port)).toContain('Address already in use');
    expect(join(pod, '::', port)).toContain('Address already in use');
    await agent.crash();
    // It is free now, but what was meant for the agent does not go to who takes it.
    await pod.listen('127.0.0.1', Number(port));
    expect(await arrival(pod, HOSTS[0])).toBe('ECONNREFUSED');
    expect(await pod.connect('127.0.0.1', Number(port)).catch(({ message }) => message)).toBe('ECONNREFUSED');
    expect(pod.exec('nft', 'list', 'counter', 'inet', 'eastwall', 'foreign_listener')).toMatch(/packets 2/);
    // The same port at the pod's own address is its own business.
    await pod.listen(pod.ip4, Number(port));
    expect((await pod.connect(pod.ip4, Number(port))).greeting).toMatch(/^app /);
  });
});

/** What a process of the same user is told that wants to share a listening port with SO_REUSEPORT. */
function join(pod: Pod, host: string, port: string): string {
  const script = `
import socket, sys
s = socket.socket(socket.AF_INET6 if ':' in '${host}' else socket.AF_INET)
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
try:
    s.bind(('${host}', ${port}))
    s.listen()
    print('joined')
except OSError as error:
    print(error)
`;
  return pod.exec('python3', '-c', script);
}
