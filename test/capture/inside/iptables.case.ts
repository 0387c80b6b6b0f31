import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestAgent } from './agent.ts';
import { makeBridge, Pod, removeBridge } from './pod.ts';

const PORT = 8080;

beforeAll(makeBridge);
afterAll(removeBridge);

describe('what somebody else changes, where there is only iptables,', () => {
  it.each([
    ['flushes everything', ['-t', 'nat', '-F']],
    ['flushes OUTPUT', ['-t', 'nat', '-F', 'OUTPUT']],
    ['takes the zone away', ['-t', 'raw', '-F', 'EASTWALL_OUT']],
    ['removes one of our rules', ['-t', 'nat', '-D', 'EASTWALL_OUT', '6']],
    ['gets in front of our hook', ['-t', 'nat', '-I', 'OUTPUT', '-p', 'tcp', '-j', 'ACCEPT']],
  ])('is put right when somebody %s', async (_, args) => {
    await using agent = new TestAgent({ rules: 'iptables' });
    await using pod = new Pod();
    await agent.serve((await agent.enrolled(pod.name)).ns);
    // Twice: from the second time on, rules are read only where something has changed.
    await agent.client.reconcile();
    await agent.client.reconcile();
    const foreign = ['-t', 'nat', '-A', 'OUTPUT', '-p', 'tcp', '--dport', '9', '-j', 'ACCEPT'];
    pod.exec('iptables', ...args);
    pod.exec('ip6tables', ...args);
    pod.exec('iptables', ...foreign);
    await agent.client.reconcile();
    const { what } = await agent.event('repaired');
    expect(what).toEqual(['IPv4 rules', 'IPv6 rules']);
    await pod.startApp();
    expect((await pod.connect('10.66.0.1', PORT)).greeting).toContain('agent');
    expect((await pod.connect('fd66::1', PORT)).greeting).toContain('agent');
    expect(pod.iptables()).toContain('--dport 9 -j ACCEPT');
    // Nothing is repaired that is right.
    const { length } = agent.events.filter(({ kind }) => kind === 'repaired');
    await agent.client.reconcile();
    expect(agent.events.filter(({ kind }) => kind === 'repaired')).toHaveLength(length);
  });

  it('is noticed with the next beat of the dataplane, once rules were found right', async () => {
    await using agent = new TestAgent({ rules: 'iptables' });
    await using pod = new Pod();
    const { ns } = await agent.enrolled(pod.name);
    await agent.serve(ns);
    await agent.client.reconcile();
    agent.client.beat([ns]);
    for (const program of ['iptables', 'ip6tables']) pod.exec(program, '-t', 'nat', '-F', 'OUTPUT');
    agent.client.beat([ns]);
    expect((await agent.event('repaired')).what).toEqual(['IPv4 rules', 'IPv6 rules']);
    await pod.startApp();
    expect((await pod.connect('10.66.0.1', PORT)).greeting).toContain('agent');
  });
});
