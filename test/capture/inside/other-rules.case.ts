import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { greetingOf, TestAgent, Upstream } from './agent.ts';
import { makeBridge, Pod, removeBridge } from './pod.ts';

const PORT = 8080;
const HOST = '10.66.0.1';

beforeAll(makeBridge);
afterAll(removeBridge);

describe.each([
  ['iptables', 'auto'],
  ['auto', 'iptables'],
] as const)('an agent with rules %s, followed by one with %s,', (former, rules) => {
  const marks = (pod: Pod) => ({
    nft: /table inet eastwall/.test(pod.rules()),
    iptables: /EASTWALL_OUT/.test(pod.iptables()),
  });
  const own = { nft: rules === 'auto', iptables: rules === 'iptables' };

  it.each(['auto', 'mark'] as const)('leaves none of its rules behind (exemption: %s)', async (exemption) => {
    await using _upstream = await Upstream.listen(HOST, PORT);
    await using pod = new Pod();
    const first = new TestAgent({ rules: former, exemption });
    const before = await first.enrolled(pod.name);
    await first.serve(before.ns);
    await pod.startApp();
    const open = await pod.connect(HOST, PORT);
    first.stopServing();

    await using second = new TestAgent(
      { rules, exemption },
      TestAgent.copies(await first.client.stepAside()),
    );
    const after = await second.enrolled(pod.name);
    expect(marks(pod)).toEqual(own);
    await second.serve(after.ns);
    expect((await pod.connect(HOST, PORT)).greeting).toContain('agent');
    const [fd = -1] = await second.sockets(after.ns, 4, 1);
    expect(await greetingOf(fd, HOST, PORT)).toContain('upstream');
    expect(await pod.say(open.connection, 'still here')).toBe('still here');
    await first.crash();
    await second.client.retireFormer();
    await second.client.reconcile();
    expect(marks(pod)).toEqual(own);
    expect((await pod.connect(HOST, PORT)).greeting).toContain('agent');
  });

  it('has none of its own left once it has died, and the first steps back', async () => {
    await using _upstream = await Upstream.listen(HOST, PORT);
    await using pod = new Pod();
    await using first = new TestAgent({ rules: former });
    const before = await first.enrolled(pod.name);
    await first.serve(before.ns);
    await pod.startApp();
    const second = new TestAgent({ rules }, TestAgent.copies(await first.client.stepAside()));
    await second.enrolled(pod.name);
    await second.crash();
    expect(marks(pod)).toEqual(own);
    await first.client.stepBack();
    expect(marks(pod)).toEqual({ nft: own.iptables, iptables: own.nft });
    first.client.beat([before.ns]);
    expect((await pod.connect(HOST, PORT)).greeting).toContain('agent');
    const [fd = -1] = await first.sockets(before.ns, 4, 1);
    expect(await greetingOf(fd, HOST, PORT)).toContain('upstream');
  });

  it('leaves none behind either when it was killed', async () => {
    await using _upstream = await Upstream.listen(HOST, PORT);
    await using pod = new Pod();
    const first = new TestAgent({ rules: former });
    await first.enrolled(pod.name);
    await first.crash();
    await using second = new TestAgent({ rules });
    const after = await second.enrolled(pod.name);
    expect(marks(pod)).toEqual(own);
    await second.serve(after.ns);
    await pod.startApp();
    expect((await pod.connect(HOST, PORT)).greeting).toContain('agent');
    const [fd = -1] = await second.sockets(after.ns, 4, 1);
    expect(await greetingOf(fd, HOST, PORT)).toContain('upstream');
  });
});
