import { execFile, execFileSync, spawn } from 'node:child_process';
import { Socket } from 'node:net';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { greetingOf, TestAgent, Upstream } from './agent.ts';
import { eventually, eventuallyAsync } from './eventually.ts';
import { listed, local } from './local-pods.ts';
import { makeBridge, Pod, removeBridge } from './pod.ts';

const PORT = 8080;
const HOST = '10.66.0.1';

beforeAll(makeBridge);
afterAll(removeBridge);

/** An enrolled pod whose interface is guarded. */
async function guardedPod(agent: TestAgent): Promise<{ pod: Pod; ns: number }> {
  const { guardProblem } = await agent.event('ready');
  expect(guardProblem).toBeNull();
  const pod = new Pod();
  const { ns } = await agent.enrolled(pod.name);
  await agent.serve(ns);
  await agent.client.reconcile();
  await pod.startApp();
  return { pod, ns };
}

/** What becomes of a frame of that kind that a program of the pod writes to its interface. */
async function smuggle(pod: Pod, kind: string, mark = 0): Promise<string> {
  // The neighbour has to be known to both sides.
  echo(pod, '10.66.0.1');
  return pod.exec('python3', script('smuggle.py'), pod.ip4, kind, String(mark)).trim();
}

const smuggled = (pod: Pod): number =>
  Number(/packets (\d+)/.exec(pod.exec('nft', 'list', 'counter', 'netdev', 'eastwall', 'smuggled'))?.[1]);

describe('frames that are written past the rules', () => {
  it('reach the server where nobody guards', async () => {
    await using _ = await Upstream.listen('10.66.0.1', PORT);
    await using agent = new TestAgent({ packetGuard: 'off' });
    await using pod = new Pod();
    await agent.serve((await agent.enrolled(pod.name)).ns);
    expect(await smuggle(pod, 'syn')).toBe('answered');
    expect(await smuggle(pod, 'vlan')).toBe('answered');
  });

  it.each(['syn', 'bypass', 'vlan', 'fragments', 'first-fragment'])('do not leave: %s', async (kind) => {
    await using _ = await Upstream.listen('10.66.0.1', PORT);
    await using agent = new TestAgent();
    const { pod } = await guardedPod(agent);
    await using _pod = pod;
    const before = smuggled(pod);
    expect(await smuggle(pod, kind)).toBe('silence');
    expect(smuggled(pod)).toBeGreaterThan(before);
  });

  it('do not leave with a mark that is guessed', async () => {
    await using _ = await Upstream.listen('10.66.0.1', PORT);
    await using agent = new TestAgent();
    const { pod } = await guardedPod(agent);
    await using _pod = pod;
    expect(await smuggle(pod, 'syn', 0x539)).toBe('silence');
  });

  it('leave when the gate has closed and the pod may go direct, and not when it may not', async () => {
    await using _ = await Upstream.listen('10.66.0.1', PORT);
    await using agent = new TestAgent({ gateTimeoutMs: 1 });
    const { pod } = await guardedPod(agent);
    await using _pod = pod;
    expect(await smuggle(pod, 'syn')).toBe('answered');
    expect(await smuggle(pod, 'vlan')).toBe('answered');
    agent.client.pods(local(listed(pod, { annotations: { 'eastwall.dev/fail-mode': 'closed' } })));
    await agent.event('pairings', ({ pods }) => pods.some(({ failMode }) => failMode === 'closed'));
    await eventuallyAsync(async () => expect(await smuggle(pod, 'syn')).toBe('silence'));
    expect(await smuggle(pod, 'vlan')).toBe('silence');
  });

  it.each([
    ['off', 'shows the mark that exempts the agent'],
    ['auto', 'shows no mark at all'],
  ] as const)('with the guard `%s`, a tap of the interfaces %s', async (packetGuard, _shown) => {
    await using _ = await Upstream.listen('10.66.0.1', PORT);
    await using agent = new TestAgent({ packetGuard });
    await using pod = new Pod();
    const { ns } = await agent.enrolled(pod.name);
    await agent.serve(ns);
    await agent.client.reconcile();
    await pod.startApp();
    expect(pod.rules().includes('hook egress')).toBe(packetGuard === 'auto');
    const tap = inPod(pod, 'tap.py');
    let seen = '';
    tap.stdout.setEncoding('utf8').on('data', (text: string) => {
      seen += text;
    });
    await eventually(() => expect(seen).toContain('ready'));
    const [socket] = await agent.sockets(ns, 4, 1);
    await greetingOf(socket ?? -1, '10.66.0.1', PORT);
    expect((await pod.connect('10.66.0.1', PORT)).greeting).toContain('agent');
    await eventually(() => expect(seen).toMatch(/eth0 \d+\n(.*\n)*lo \d+\n/));
    tap.kill();
    // Ours have 32 bits; the kernel itself shows a small number where it sends multicast reports.
    if (packetGuard === 'off') expect(seen).toMatch(/^eth0 \d{6,}/m);
    else expect(seen).not.toMatch(/^eth0 \d{6,}/m);
    // The listener's mark is never to be seen, guard or not.
    expect(seen).not.toMatch(/^lo \d{6,}/m);
  });
});

describe('what a pod does ordinarily', () => {
  it('passes the guard', async () => {
    await using _4 = await Upstream.listen('10.66.0.1', PORT);
    await using _6 = await Upstream.listen('fd66::1', PORT);
    await using _dns = await Upstream.listen('10.66.0.1', 53);
    await using agent = new TestAgent();
    const { pod, ns } = await guardedPod(agent);
    await using _pod = pod;
    echo(pod, '10.66.0.1');
    // So large that it needs fragments.
    echo(pod, '10.66.0.1', 4_000);
    echo(pod, 'fd66::1', 4_000);
    pod.exec('python3', script('oversize.py'));
    // Neighbours have to be asked for anew.
    pod.exec('ip', 'neigh', 'flush', 'all');
    echo(pod, '10.66.0.1');
    echo(pod, 'fd66::1');
    expect((await pod.connect('10.66.0.1', 53)).greeting).toContain('upstream');
    expect((await pod.connect('10.66.0.1', PORT)).greeting).toContain('agent');
    expect((await pod.connect('fd66::1', PORT)).greeting).toContain('agent');
    const [socket4] = await agent.sockets(ns, 4, 1);
    const [socket6] = await agent.sockets(ns, 6, 1);
    expect(await greetingOf(socket4 ?? -1, '10.66.0.1', PORT)).toBe(`upstream ${pod.ip4}`);
    expect(await greetingOf(socket6 ?? -1, 'fd66::1', PORT)).toBe(`upstream ${pod.ip6}`);
    expect(smuggled(pod)).toBe(0);
  });

  it('passes the guard by the gigabyte', async () => {
    await using agent = new TestAgent();
    const { pod } = await guardedPod(agent);
    await using _pod = pod;
    const server = inPod(pod, 'stream.py');
    let said = '';
    server.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    await eventually(() => expect(said).toBe('ready\n'));
    const { stdout } = await promisify(execFile)('python3', [script('stream.py'), pod.ip4]);
    expect(stdout.trim()).toBe(String(2 ** 30));
    await eventually(() => expect(said).toBe(`ready\n${2 ** 30}\n`));
    expect(smuggled(pod)).toBe(0);
  }, 120_000);
});

/** Of packets that have come to the pod, how many conntrack takes for parts of no connection, and so leaves untranslated. */
function countInvalid(pod: Pod): () => number {
  pod.exec('nft', 'add table inet seen');
  pod.exec('nft', 'add chain inet seen input { type filter hook input priority 0 ; }');
  pod.exec('nft', 'add rule inet seen input ct state invalid counter');
  return () => Number(/packets (\d+)/.exec(pod.exec('nft', 'list', 'table', 'inet', 'seen'))?.[1]);
}

it('packets outside of the window reset neither what is translated nor what the agent has dialled', async () => {
  await using _ = await Upstream.listen(HOST, PORT);
  await using agent = new TestAgent();
  const { pod, ns } = await guardedPod(agent);
  await using _pod = pod;
  const invalid = countInvalid(pod);
  const from = 45_100;
  const { connection, greeting } = await pod.connect(HOST, PORT, from);
  expect(greeting).toContain('agent');
  const [fd = -1] = await agent.sockets(ns, 4, 1);
  const dialled = new Socket({ fd }).connect(PORT, HOST);
  let heard = '';
  dialled.setEncoding('utf8').on('data', (text: string) => {
    heard += text;
  });
  await eventually(() => expect(heard).toContain('upstream'));
  for (const port of [from, dialled.localPort ?? 0])
    execFileSync('python3', [script('outside-window.py'), HOST, String(PORT), pod.ip4, String(port)]);
  await eventually(() => expect(invalid()).toBeGreaterThan(0));
  dialled.write('still here');
  await eventually(() => expect(heard).toContain('still here'));
  expect(await pod.say(connection, 'still here')).toBe('still here');
  dialled.destroy();
});

const echo = (pod: Pod, address: string, size = 8): string =>
  pod.exec('python3', script('echo.py'), address, String(size));

const script = (name: string): string => new URL(name, import.meta.url).pathname;

const inPod = (pod: Pod, name: string) =>
  spawn('ip', ['netns', 'exec', pod.name, 'python3', script(name)], { stdio: ['ignore', 'pipe', 'inherit'] });
