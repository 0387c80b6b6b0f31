import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { closeFd } from '../../../agent/src/kernel/libc.ts';
import { greetingOf, TestAgent, Upstream } from './agent.ts';
import { eventually } from './eventually.ts';
import { DISABLED, listed, local } from './local-pods.ts';
import { makeBridge, Pod, removeBridge } from './pod.ts';
import { shutdownSync } from './shutdown.ts';

const PORT = 8080;

beforeAll(makeBridge);
afterAll(removeBridge);

describe('what somebody else changes', () => {
  it.each([
    ['flushes everything', ['flush', 'ruleset']],
    ['deletes our table', ['delete', 'table', 'inet', 'eastwall']],
    ['empties a chain of ours', ['flush', 'chain', 'inet', 'eastwall', 'intercept']],
    ['adds a rule to ours', ['insert', 'rule', 'inet', 'eastwall', 'outbound', 'accept']],
  ])('is put right when somebody %s', async (_, args) => {
    await using agent = new TestAgent();
    await using pod = new Pod();
    await agent.serve((await agent.enrolled(pod.name)).ns);
    // Twice: from the second time on, rules are read only where something has changed.
    await agent.client.reconcile();
    await agent.client.reconcile();
    expect(agent.events.filter(({ kind }) => kind === 'repaired')).toEqual([]);
    pod.exec('nft', ...args);
    pod.exec('iptables', '-t', 'nat', '-A', 'OUTPUT', '-p', 'tcp', '--dport', '9', '-j', 'ACCEPT');
    await agent.client.reconcile();
    expect((await agent.event('repaired')).what).toEqual(['rules']);
    await pod.startApp();
    expect((await pod.connect('10.66.0.1', PORT)).greeting).toContain('agent');
    expect((await pod.connect('fd66::1', PORT)).greeting).toContain('agent');
    expect(pod.rules()).toContain('tcp dport 9');
    // Nothing is repaired that is right.
    const { length } = agent.events.filter(({ kind }) => kind === 'repaired');
    await agent.client.reconcile();
    expect(agent.events.filter(({ kind }) => kind === 'repaired')).toHaveLength(length);
  });

  it('is noticed with the next beat of the dataplane', async () => {
    await using agent = new TestAgent();
    await using pod = new Pod();
    const { ns } = await agent.enrolled(pod.name);
    await agent.serve(ns);
    agent.client.beat([ns]);
    pod.exec('nft', 'flush', 'ruleset');
    agent.client.beat([ns]);
    expect((await agent.event('repaired')).what).toEqual(['rules']);
    await pod.startApp();
    expect((await pod.connect('10.66.0.1', PORT)).greeting).toContain('agent');
  });

  it('is told of when it is overwritten for another reason', async () => {
    await using agent = new TestAgent();
    await using pod = new Pod();
    await agent.enrolled(pod.name);
    pod.exec('nft', 'flush', 'ruleset');
    agent.client.pods(local(listed(pod, { annotations: { 'eastwall.dev/fail-mode': 'closed' } })));
    expect((await agent.event('repaired')).what).toEqual(['rules']);
  });

  it('does not come between, with rules of iptables', async () => {
    await using agent = new TestAgent();
    await using pod = new Pod();
    await agent.serve((await agent.enrolled(pod.name)).ns);
    pod.exec('iptables', '-t', 'nat', '-I', 'OUTPUT', '-p', 'tcp', '-j', 'ACCEPT');
    pod.exec('iptables', '-t', 'nat', '-F');
    pod.exec('iptables', '-t', 'nat', '-I', 'OUTPUT', '-p', 'tcp', '-j', 'ACCEPT');
    await pod.startApp();
    expect((await pod.connect('10.66.0.1', PORT)).greeting).toContain('agent');
  });

  it('is put right when somebody shuts the listener down', async () => {
    await using agent = new TestAgent();
    await using pod = new Pod();
    const { ns, listeners } = await agent.enrolled(pod.name);
    for (const { fd } of listeners) shutdownSync(fd);
    await agent.client.reconcile();
    expect((await agent.event('repaired')).what).toEqual(['IPv4 listener', 'IPv6 listener']);
    await agent.serve(ns);
    await pod.startApp();
    expect((await pod.connect('10.66.0.1', PORT)).greeting).toContain('agent');
    expect((await pod.connect('fd66::1', PORT)).greeting).toContain('agent');
  });
});

describe('pairing', () => {
  it('reports who owns which namespace, and who is refused', async () => {
    await using agent = new TestAgent();
    await using pod = new Pod();
    await using other = new Pod();
    const { ns } = await agent.enrolled(pod.name);
    await agent.enrolled(other.name);
    const impostor = listed(other, { uid: 'impostor', name: 'impostor' });
    const host = listed(pod, { uid: 'host', name: 'host', hostNetwork: true });
    agent.client.pods(local(listed(pod), listed(other), impostor, host));
    const { namespaces, pods } = await agent.event('pairings', (event) => event.pods.length === 4);
    expect(namespaces.find((netns) => netns.ns === ns)?.owner).toEqual({
      state: 'paired',
      uid: `uid-${pod.name}`,
    });
    expect(pods.map(({ uid, state }) => [uid, state])).toEqual([
      [`uid-${pod.name}`, 'enrolled'],
      [`uid-${other.name}`, 'refused'],
      ['impostor', 'refused'],
      ['host', 'refused'],
    ]);
  });
});

describe('a pod with users of its own', () => {
  it.each(['auto', 'iptables'] as const)('is intercepted, and left as it was (%s)', async (rules) => {
    await using pod = new Pod({ ownUsers: true });
    const routing = pod.routing();
    const agent = new TestAgent({ rules });
    const { ns } = await agent.enrolled(pod.name);
    await agent.serve(ns);
    if (rules === 'auto') {
      agent.client.inbound(ns, true);
      await agent.event('inbound');
      expect(pod.routing()).not.toBe(routing);
    }
    await pod.startApp();
    expect((await pod.connect('10.66.0.1', PORT)).greeting).toContain('agent');
    expect((await pod.connect('fd66::1', PORT)).greeting).toContain('agent');
    await agent.client.uninstall();
    expect(pod.rules() + pod.iptables()).not.toMatch(/eastwall/i);
    expect(pod.routing()).toBe(routing);
  });
});

describe('an agent', () => {
  it.each(['auto', 'iptables'] as const)(
    'removes its rules, and only those, when it is uninstalled (%s)',
    async (rules) => {
      await using pod = new Pod();
      // In all tables: those that were not there before stay, empty.
      for (const tool of ['iptables', 'ip6tables']) {
        for (const table of ['raw', 'nat', 'filter'])
          pod.exec(tool, '-t', table, '-A', 'OUTPUT', '-p', 'tcp', '--dport', '9', '-j', 'ACCEPT');
      }
      const before = pod.iptables();
      const agent = new TestAgent({ rules });
      await agent.enrolled(pod.name);
      expect(pod.rules() + pod.iptables()).toMatch(/eastwall/i);
      await agent.client.uninstall();
      expect(pod.rules()).not.toMatch(/eastwall/i);
      expect(pod.iptables()).toBe(before);
    },
  );

  it.each(['auto', 'iptables'] as const)(
    'removes what one that has crashed left, also where it had no time to enrol, whatever the fail mode (%s)',
    async (rules) => {
      await using pods = new AsyncDisposableStack();
      // More than are enrolled at once.
      const five = Array.from({ length: 5 }, () => pods.use(new Pod()));
      const first = new TestAgent({ failMode: 'closed', rules });
      for (const { name } of five) await first.enrolled(name);
      await first.crash();
      for (const pod of five) expect(pod.rules() + pod.iptables()).toMatch(/eastwall/i);
      const second = new TestAgent({ failMode: 'closed', rules });
      await second.client.uninstall('all');
      for (const pod of five) expect(pod.rules() + pod.iptables()).not.toMatch(/eastwall/i);
    },
  );

  it('takes over from one that has crashed, and resets nobody', async () => {
    await using _upstream = await Upstream.listen('10.66.0.1', PORT);
    await using pod = new Pod();
    await pod.startApp();
    const direct = await pod.connect('10.66.0.1', PORT);
    const first = new TestAgent();
    await first.enrolled(pod.name);
    await first.crash();
    expect(pod.rules()).toContain('redirect');
    await using second = new TestAgent();
    await second.serve((await second.enrolled(pod.name)).ns);
    expect((await pod.connect('10.66.0.1', PORT)).greeting).toContain('agent');
    expect(await pod.say(direct.connection, 'still here')).toBe('still here');
    expect(pod.rules().match(/^table inet/gm)).toHaveLength(1);
    expect(pod.rules().match(/redirect to/g)).toHaveLength(2);
  });

  it('takes over from one that is still there, on another port', async () => {
    await using pod = new Pod();
    await using first = new TestAgent();
    const before = await first.enrolled(pod.name);
    await first.serve(before.ns);
    await pod.startApp();
    const old = await pod.connect('10.66.0.1', PORT);
    await using second = new TestAgent();
    const after = await second.enrolled(pod.name);
    expect(after.listeners[0]?.port).not.toBe(before.listeners[0]?.port);
    await second.serve(after.ns);
    await pod.connect('10.66.0.1', PORT);
    expect(second.accepted).toHaveLength(1);
    expect(await pod.say(old.connection, 'still here')).toBe('still here');
  });
});

describe('IPv6', () => {
  it('is blocked, and reported, where redirected connections can not arrive', async () => {
    await using agent = new TestAgent();
    await using upstream = await Upstream.listen('fd66::1', PORT);
    await using pod = new Pod();
    pod.exec('sysctl', '-qw', 'net.ipv6.conf.lo.disable_ipv6=1');
    const { ns } = await agent.enrolled(pod.name);
    await agent.serve(ns);
    agent.client.pods(local(listed(pod)));
    await agent.client.reconcile();
    const { pods } = await agent.event('pairings', (event) =>
      event.pods.some(({ reason }) => reason !== null),
    );
    expect(pods[0]).toMatchObject({
      state: 'enrolled',
      reason: 'IPv6 connections are blocked: its loopback interface has no IPv6',
    });
    await pod.startApp();
    // Its end is the end of the pod: the refusal is lost, and the application waits.
    pod.connect('fd66::1', PORT).catch(() => {});
    await eventually(() =>
      expect(pod.exec('nft', 'list', 'counter', 'inet', 'eastwall', 'unjudged')).toMatch(/packets [1-9]/),
    );
    expect(upstream.accepted).toBe(0);
    expect((await pod.connect('10.66.0.1', PORT)).greeting).toContain('agent');
    const [socket] = await agent.sockets(ns, 6, 1);
    expect(await greetingOf(socket ?? -1, 'fd66::1', PORT)).toBe(`upstream ${pod.ip6}`);
  });

  it('is refused at once, and reported, where no listener can be had', async () => {
    await using _upstream = await Upstream.listen('fd66::1', PORT);
    await using pod = new Pod();
    await pod.startApp();
    for (let port = 61_127; port < 61_143; port++) await pod.listen('::1', port);
    await using agent = new TestAgent();
    const { listeners } = await agent.enrolled(pod.name);
    expect(listeners.map(({ family }) => family)).toEqual([4]);
    const { namespaces } = await agent.event('pairings');
    expect(namespaces[0]?.problem).toBe(
      "IPv6 connections are blocked: can't listen in the namespace: EADDRINUSE: address already in use",
    );
    await expect(pod.connect('fd66::1', PORT)).rejects.toThrow('ECONNREFUSED');
  });

  it('is not needed', async () => {
    await using agent = new TestAgent();
    await using pod = new Pod({ network: false });
    for (const name of ['all', 'default', 'lo']) {
      pod.exec('sysctl', '-qw', `net.ipv6.conf.${name}.disable_ipv6=1`);
    }
    const { ns } = await agent.enrolled(pod.name);
    pod.exec('ip', 'link', 'set', 'lo', 'up');
    await agent.serve(ns);
    await agent.client.reconcile();
    expect(agent.events.filter(({ kind }) => kind === 'repaired' || kind === 'failed')).toEqual([]);
  });
});

describe('the directory', () => {
  it('may come later, and hold other things than namespaces', async () => {
    await using agent = new TestAgent({ netnsDir: '/run/later' });
    expect((await agent.event('directory')).problem).toContain('/run/later');
    mkdirSync('/run/later');
    writeFileSync('/run/later/plain', '');
    await agent.client.reconcile();
    expect(await agent.event('directory', ({ problem }) => problem === null)).toBeDefined();
    expect(agent.events.filter(({ kind }) => kind === 'enrolled')).toEqual([]);
    rmSync('/run/later', { recursive: true });
  });

  it('may show one namespace twice, and another one at the same place later', async () => {
    await using agent = new TestAgent();
    await agent.event('ready');
    await using pod = new Pod();
    await using other = new Pod();
    const { ns, inode } = await agent.enrolled(pod.name);
    const { inode: otherInode } = await agent.enrolled(other.name);
    writeFileSync('/run/netns/twin', '');
    execFileSync('mount', ['--bind', `/run/netns/${pod.name}`, '/run/netns/twin']);
    await agent.client.reconcile();
    execFileSync('umount', ['/run/netns/twin']);
    execFileSync('mount', ['--bind', `/run/netns/${other.name}`, '/run/netns/twin']);
    await agent.client.reconcile();
    execFileSync('umount', ['/run/netns/twin']);
    rmSync('/run/netns/twin');
    await agent.client.reconcile();
    expect(inode).not.toBe(otherInode);
    expect(agent.events.filter(({ kind }) => kind === 'enrolled')).toHaveLength(2);
    expect(agent.events.filter(({ kind }) => kind === 'gone')).toEqual([]);
    for (const fd of await agent.sockets(ns, 4, 1)) closeFd(fd);
  });

  it("does not lead to the namespace of the node, nor to the agent's own", async () => {
    writeFileSync('/run/netns/own', '');
    execFileSync('mount', ['--bind', '/proc/self/ns/net', '/run/netns/own']);
    await using node = new Pod();
    await using agent = new TestAgent({ nodeAddresses: [node.ip4] });
    expect(await agent.event('failed')).toMatchObject({
      path: `/run/netns/${node.name}`,
      problem: 'it is the network namespace of the node',
    });
    await agent.client.reconcile();
    expect(agent.events.filter(({ kind }) => kind === 'enrolled')).toEqual([]);
    expect(execFileSync('iptables-save').toString() + node.rules()).not.toMatch(/eastwall/i);
    execFileSync('umount', ['/run/netns/own']);
  });
});

it('falls back on iptables, opts out and takes over there too', async () => {
  await using _upstream = await Upstream.listen('10.66.0.1', PORT);
  await using pod = new Pod();
  await pod.startApp();
  const first = new TestAgent({ rules: 'iptables' });
  expect(await first.event('ready')).toMatchObject({
    rules: 'iptables-nft',
    gateProblem: expect.stringContaining('iptables has no timed sets'),
  });
  await first.enrolled(pod.name);
  await first.crash();
  expect(pod.iptables()).toContain('REDIRECT');
  await using second = new TestAgent({ rules: 'iptables' });
  const { ns } = await second.enrolled(pod.name);
  await second.serve(ns);
  const open = await pod.connect('10.66.0.1', PORT);
  expect(open.greeting).toContain('agent');
  // Of raw, nat and filter, by both families.
  expect(pod.iptables().match(/-A OUTPUT/g)).toHaveLength(6);
  second.client.pods(local(listed(pod, DISABLED)));
  await second.event('gone', (event) => event.ns === ns);
  expect((await pod.connect('10.66.0.1', PORT)).greeting).toBe(`upstream ${pod.ip4}`);
  expect(await pod.say(open.connection, 'still here')).toBe('still here');
  await pod.close(open.connection);
  await eventually(() => expect(pod.iptables()).not.toMatch(/eastwall/i));
});

it('says why nothing can be enrolled where iptables is missing, and goes on', async () => {
  const path = process.env['PATH'];
  process.env['PATH'] = '/run/tools';
  const agent = new TestAgent({ rules: 'iptables' });
  const { problem, rules } = await agent.event('ready');
  process.env['PATH'] = path;
  expect(rules).toBeNull();
  expect(problem).toContain('iptables-nft-restore');
  await using pod = new Pod();
  expect((await agent.event('failed')).problem).toContain('nothing can be redirected on this node');
  agent.client.pods(local(listed(pod)));
  const { pods } = await agent.event('pairings', (event) => event.pods.length === 1);
  expect(pods[0]).toMatchObject({ state: 'refused' });
  await agent.client.reconcile();
  expect(agent.events.filter(({ kind }) => kind === 'able')).toEqual([]);
  // It looks again: what is missing may come.
  symlinkSync('/usr/sbin', '/run/tools');
  await agent.client.reconcile();
  await agent.event('able');
  rmSync('/run/tools');
  await agent.client.uninstall();
});
