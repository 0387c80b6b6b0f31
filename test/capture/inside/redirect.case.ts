import { statSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { closeFd } from '../../../agent/src/kernel/libc.ts';
import { greetingOf, TestAgent, Upstream } from './agent.ts';
import { makeBridge, Pod, removeBridge } from './pod.ts';

const PORT = 8080;

beforeAll(makeBridge);
afterAll(removeBridge);

describe('an enrolled pod', () => {
  it('connects to the agent, which knows where it was going', async () => {
    await using agent = new TestAgent();
    await agent.event('ready');
    await using upstream4 = await Upstream.listen('10.66.0.1', PORT);
    await using upstream6 = await Upstream.listen('fd66::1', PORT);
    await using pod = new Pod();
    const { ns, listeners } = await agent.enrolled(pod.name);
    expect(listeners.map(({ family }) => family)).toEqual([4, 6]);
    await agent.serve(ns);
    await pod.startApp();
    expect((await pod.connect('10.66.0.1', PORT)).greeting).toBe(`agent 10.66.0.1 ${PORT}`);
    expect((await pod.connect('fd66::1', PORT)).greeting).toBe(`agent fd66::1 ${PORT}`);
    // Nobody listens there, and yet the pod gets through to the agent.
    expect((await pod.connect('10.66.0.99', 9)).greeting).toBe('agent 10.66.0.99 9');
    expect(upstream4.server.listening && upstream6.server.listening).toBe(true);
  });

  it('is left by the sockets of the agent with its own address, past its redirect', async () => {
    await using agent = new TestAgent();
    await using _4 = await Upstream.listen('10.66.0.1', PORT);
    await using _6 = await Upstream.listen('fd66::1', PORT);
    await using pod = new Pod();
    const { ns } = await agent.enrolled(pod.name);
    const [socket4] = await agent.sockets(ns, 4, 1);
    const [socket6] = await agent.sockets(ns, 6, 1);
    expect(await greetingOf(socket4 ?? -1, '10.66.0.1', PORT)).toBe(`upstream ${pod.ip4}`);
    expect(await greetingOf(socket6 ?? -1, 'fd66::1', PORT)).toBe(`upstream ${pod.ip6}`);
  });

  it('gets sockets in batches, as many as were asked for', async () => {
    await using agent = new TestAgent();
    await using pod = new Pod();
    const { ns } = await agent.enrolled(pod.name);
    const fds = await agent.sockets(ns, 4, 200);
    expect(new Set(fds).size).toBe(200);
    for (const fd of fds) closeFd(fd);
    await expect(agent.sockets(ns + 99, 4, 1)).rejects.toThrow('not enrolled');
  });

  it('reaches DNS, its loopback and its own addresses by itself', async () => {
    await using agent = new TestAgent();
    await using _dns = await Upstream.listen('10.66.0.1', 53);
    await using pod = new Pod();
    await agent.serve((await agent.enrolled(pod.name)).ns);
    await pod.startApp();
    for (const host of ['127.0.0.1', '::1', pod.ip4, pod.ip6]) await pod.listen(host, 7000);
    for (const host of ['127.0.0.1', '::1', pod.ip4, pod.ip6]) {
      expect((await pod.connect(host, 7000)).greeting).toMatch(/^app /);
    }
    expect((await pod.connect('10.66.0.1', 53)).greeting).toBe(`upstream ${pod.ip4}`);
  });

  it('keeps the connections that it had before', async () => {
    await using upstream = await Upstream.listen('10.66.0.1', PORT);
    await using pod = new Pod();
    await pod.startApp();
    const early = await pod.connect('10.66.0.1', PORT);
    expect(early.greeting).toBe(`upstream ${pod.ip4}`);
    await using agent = new TestAgent();
    await agent.serve((await agent.enrolled(pod.name)).ns);
    expect((await pod.connect('10.66.0.1', PORT)).greeting).toContain('agent');
    expect(await pod.say(early.connection, 'still here')).toBe('still here');
    expect(upstream.server.listening).toBe(true);
  });

  it('is enrolled before it has any address, and paired when it gets one', async () => {
    await using agent = new TestAgent();
    await agent.event('ready');
    await using pod = new Pod({ network: false });
    const { ns } = await agent.enrolled(pod.name);
    pod.connectNetwork();
    await agent.event('pairings', ({ namespaces }) =>
      namespaces.some(({ addresses }) => addresses.includes(pod.ip4) && addresses.includes(pod.ip6)),
    );
    await agent.serve(ns);
    await pod.startApp();
    expect((await pod.connect('10.66.0.1', 1)).greeting).toBe('agent 10.66.0.1 1');
    expect((await pod.connect('fd66::1', 1)).greeting).toBe('agent fd66::1 1');
  });

  it('goes when the runtime takes it away', async () => {
    await using agent = new TestAgent();
    const pod = new Pod();
    const { ns } = await agent.enrolled(pod.name);
    await pod[Symbol.asyncDispose]();
    expect((await agent.event('gone')).ns).toBe(ns);
    await expect(agent.sockets(ns, 4, 1)).rejects.toThrow('not enrolled');
  });
});

it('never shows the main thread in a namespace of a pod', async () => {
  const before = statSync('/proc/self/ns/net').ino;
  const seen = new Set<number>();
  const watch = setInterval(() => seen.add(statSync(`/proc/${process.pid}/ns/net`).ino), 0);
  await using agent = new TestAgent();
  await using pod = new Pod();
  const { ns } = await agent.enrolled(pod.name);
  for (let round = 0; round < 20; round++) {
    for (const fd of await agent.sockets(ns, 4, 64)) closeFd(fd);
  }
  clearInterval(watch);
  expect([...seen]).toEqual([before]);
});
