import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CaptureOptions } from '../../../agent/src/capture/protocol.ts';
import { TestAgent } from './agent.ts';
import { eventually, eventuallyAsync } from './eventually.ts';
import { both, client, PORT, server } from './observed.ts';
import { makeBridge, type Pod, removeBridge } from './pod.ts';

beforeAll(makeBridge);
afterAll(removeBridge);

/** Which of the two sends connections to the agent at the moment. */
function gates(pod: Pod): { gate: boolean; arrivals: boolean } {
  const isOpen = (set: string) =>
    pod.exec('nft', 'list', 'set', 'inet', 'eastwall', set).includes('elements = { tcp');
  return { gate: isOpen('gate'), arrivals: isOpen('arrivals') };
}

describe('an agent that observes', () => {
  const gate: Partial<CaptureOptions> = { gateTimeoutMs: 1_500 };

  it('and is gone keeps nobody from the pod, whatever the fail mode', async () => {
    await using caller = await client();
    for (const failMode of ['open', 'closed'] as const) {
      const agent = new TestAgent({ ...gate, failMode });
      const { pod, ns, observe } = await server(agent);
      await using _pod = pod;
      await observe();
      // Each try has a beat of its own: on a busy machine the gate is closed by the time that somebody comes.
      await eventuallyAsync(async () => {
        agent.client.beat([ns]);
        expect((await caller.connect(pod.ip4, PORT)).greeting).toContain(caller.ip4);
        expect(agent.arrivals).not.toEqual([]);
      });
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
