import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestAgent, Upstream } from './agent.ts';
import { eventually } from './eventually.ts';
import { DISABLED, listed, local } from './local-pods.ts';
import { makeBridge, Pod, removeBridge } from './pod.ts';

const PORT = 8080;

beforeAll(makeBridge);
afterAll(removeBridge);

describe('opting out', () => {
  it.each(['auto', 'iptables'] as const)(
    'lets new connections go direct, keeps open ones, and leaves nothing behind (%s)',
    async (rules) => {
      await using agent = new TestAgent({ rules });
      await using _4 = await Upstream.listen('10.66.0.1', PORT);
      await using _6 = await Upstream.listen('fd66::1', PORT);
      await using pod = new Pod();
      const { ns } = await agent.enrolled(pod.name);
      await agent.serve(ns);
      await pod.startApp();
      const open4 = await pod.connect('10.66.0.1', PORT);
      const open6 = await pod.connect('fd66::1', PORT);
      expect(open4.greeting).toContain('agent');
      agent.client.pods(local(listed(pod, DISABLED)));
      const gone = await agent.event('gone', (event) => event.ns === ns);
      expect(gone.reason).toBe('the pod opts out by annotation');
      expect((await pod.connect('10.66.0.1', PORT)).greeting).toBe(`upstream ${pod.ip4}`);
      expect((await pod.connect('fd66::1', PORT)).greeting).toBe(`upstream ${pod.ip6}`);
      expect(await pod.say(open4.connection, 'four')).toBe('four');
      expect(await pod.say(open6.connection, 'six')).toBe('six');
      expect(pod.rules() + pod.iptables()).not.toMatch(/redirect to|-j REDIRECT/);
      await pod.close(open4.connection);
      await pod.close(open6.connection);
      await eventually(() => expect(pod.rules() + pod.iptables()).not.toMatch(/eastwall/i));
    },
  );

  it.each([
    ['', []],
    [', though a mesh has rules there', ['iptables', 'iptables-legacy']],
  ])('is known to an agent that comes later, which leaves the pod alone%s', async (_, tools) => {
    await using pod = new Pod();
    const foreign = ['-t', 'nat', '-A', 'OUTPUT', '-p', 'tcp', '--dport', '9', '-j', 'ACCEPT'];
    for (const tool of tools) pod.exec(tool, ...foreign);
    await using agent = new TestAgent({}, [], local(listed(pod, DISABLED)));
    await agent.event('pairings', ({ pods }) => pods[0]?.state === 'opted-out');
    await agent.client.reconcile();
    expect(agent.events.filter(({ kind }) => kind === 'enrolled')).toEqual([]);
    expect(pod.rules()).not.toMatch(/eastwall/i);
    agent.client.pods(local(listed(pod)));
    await agent.enrolled(pod.name);
  });

  it('while no agent is there has what the last one left removed by the next', async () => {
    const first = new TestAgent();
    await using pod = new Pod();
    await first.enrolled(pod.name);
    await first.crash();
    expect(pod.rules()).toMatch(/eastwall/i);
    await using _next = new TestAgent({}, [], local(listed(pod, DISABLED)));
    await eventually(() => expect(pod.rules()).not.toMatch(/eastwall/i));
  });

  it('has rules of another kind removed as well', async () => {
    const first = new TestAgent({ rules: 'iptables' });
    await using pod = new Pod();
    await first.enrolled(pod.name);
    await first.crash();
    expect(pod.iptables()).toMatch(/eastwall/i);
    await using next = new TestAgent({}, [], local(listed(pod, DISABLED)));
    await eventually(() => expect(pod.iptables()).not.toMatch(/eastwall/i));
    expect(next.events.filter(({ kind }) => kind === 'enrolled')).toEqual([]);
  });

  it('is undone when the pod wants it again', async () => {
    await using agent = new TestAgent();
    await using pod = new Pod();
    const first = await agent.enrolled(pod.name);
    agent.client.pods(local(listed(pod, DISABLED)));
    await agent.event('gone', ({ ns }) => ns === first.ns);
    agent.client.pods(local(listed(pod)));
    const again = await agent.event('enrolled', ({ ns }) => ns > first.ns);
    expect(again.inode).toBe(first.inode);
    await agent.serve(again.ns);
    await pod.startApp();
    expect((await pod.connect('10.66.0.1', PORT)).greeting).toContain('agent');
  });

  it.each(['auto', 'iptables'] as const)(
    'again, keeps connections from before the pod wanted it for a while (%s)',
    async (rules) => {
      await using agent = new TestAgent({ rules });
      await using pod = new Pod();
      const first = await agent.enrolled(pod.name);
      await agent.serve(first.ns);
      await pod.startApp();
      const open = await pod.connect('10.66.0.1', PORT);
      agent.client.pods(local(listed(pod, DISABLED)));
      await agent.event('gone', ({ ns }) => ns === first.ns);
      agent.client.pods(local(listed(pod)));
      const again = await agent.event('enrolled', ({ ns }) => ns > first.ns);
      agent.client.pods(local(listed(pod, DISABLED)));
      await agent.event('gone', ({ ns }) => ns === again.ns);
      // For longer than it takes to look whether rules may go.
      for (let beat = 0; beat < 20; beat++) {
        expect(await pod.say(open.connection, 'still here')).toBe('still here');
        await pause(100);
      }
      await pod.close(open.connection);
      await eventually(() => expect(pod.rules() + pod.iptables()).not.toMatch(/eastwall/i));
    },
  );

  it('holds for the namespaces that the settings exclude', async () => {
    await using agent = new TestAgent();
    await using pod = new Pod();
    await agent.enrolled(pod.name);
    agent.client.pods(local(listed(pod, { namespace: 'kube-system' })));
    expect((await agent.event('gone')).reason).toContain('`kube-system` is excluded');
    await eventually(() => expect(pod.rules()).not.toMatch(/eastwall/i));
  });
});
