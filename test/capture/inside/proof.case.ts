import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestAgent, Upstream } from './agent.ts';
import { eventually } from './eventually.ts';
import { listed, local } from './local-pods.ts';
import { makeBridge, Pod, removeBridge } from './pod.ts';

const OFTEN = { proofIntervalMs: 100 };

beforeAll(makeBridge);
afterAll(removeBridge);

/** What was reported last of the only pod. */
function lastReport(agent: TestAgent) {
  const reports = agent.events.filter((event) => event.kind === 'pairings');
  return reports.at(-1)?.pods[0];
}

describe('interception', () => {
  it.each([
    ['auto', 'auto'],
    ['iptables', 'auto'],
    ['iptables', 'mark'],
  ] as const)('is proven for each pod and address family (%s, %s)', async (rules, exemption) => {
    await using agent = new TestAgent({ ...OFTEN, rules, exemption });
    await using pod = new Pod();
    agent.client.pods(local(listed(pod)));
    await agent.serve((await agent.enrolled(pod.name)).ns);
    await eventually(() =>
      expect(lastReport(agent)).toMatchObject({
        reason: null,
        proofs: { 4: { state: 'proven' }, 6: { state: 'proven' } },
      }),
    );
  });

  it('is not taken for granted when rules are gone, and is proven again when they are back', async () => {
    await using agent = new TestAgent(OFTEN);
    await using pod = new Pod();
    agent.client.pods(local(listed(pod)));
    const { ns } = await agent.enrolled(pod.name);
    await agent.serve(ns);
    await eventually(() => expect(lastReport(agent)?.proofs[4]?.state).toBe('proven'));
    pod.exec('nft', 'flush', 'ruleset');
    const { why } = await agent.event('proof', (event) => event.ns === ns && event.why !== null);
    expect(why).toBe('it is not redirected');
    await eventually(() => expect(lastReport(agent)?.reason).toContain('did not come to the agent'));
    await agent.client.reconcile();
    await eventually(() => expect(lastReport(agent)?.proofs[4]?.state).toBe('proven'));
  });

  it('needs somebody who accepts', async () => {
    await using agent = new TestAgent(OFTEN);
    await using pod = new Pod();
    agent.client.pods(local(listed(pod)));
    await agent.enrolled(pod.name);
    expect((await agent.event('proof', ({ why }) => why !== null)).why).toBe(
      'no dataplane takes what is redirected',
    );
  });

  it('can not be proven by a family that leads nowhere', async () => {
    await using agent = new TestAgent(OFTEN);
    await using pod = new Pod();
    pod.exec('ip', '-6', 'route', 'delete', 'default');
    agent.client.pods(local(listed(pod)));
    await agent.serve((await agent.enrolled(pod.name)).ns);
    await eventually(() => {
      expect(lastReport(agent)?.proofs[4]).toEqual({ state: 'proven' });
      expect(lastReport(agent)?.proofs[6]).toEqual({
        state: 'impossible',
        why: 'ENETUNREACH: network is unreachable',
      });
    });
    expect(lastReport(agent)?.reason).toBeNull();
  });
});

it('counts what may be attempts at getting past the agent', async () => {
  await using agent = new TestAgent({ failMode: 'closed', gateTimeoutMs: 1 });
  await using pod = new Pod();
  agent.client.pods(local(listed(pod)));
  await agent.enrolled(pod.name);
  await pod.startApp();
  await expect(pod.connect('10.66.0.1', 8080)).rejects.toThrow('ECONNREFUSED');
  pod.exec('python3', '-c', MARKED);
  await agent.client.reconcile();
  await eventually(() => expect(lastReport(agent)?.attempts).toMatchObject({ unjudged: 2, marked: 1 }));
  // What has been counted stays counted when rules are replaced.
  pod.exec('nft', 'flush', 'chain', 'inet', 'eastwall', 'intercept');
  await agent.client.reconcile();
  await expect(pod.connect('10.66.0.1', 8080)).rejects.toThrow('ECONNREFUSED');
  await agent.client.reconcile();
  await eventually(() => expect(lastReport(agent)?.attempts).toMatchObject({ unjudged: 3, marked: 1 }));
});

it('QUIC is refused by iptables, too, until the pod says otherwise', async () => {
  await using agent = new TestAgent({ rules: 'iptables', quic: 'refuse' });
  await using pod = new Pod();
  agent.client.pods(local(listed(pod)));
  await agent.enrolled(pod.name);
  expect(pod.exec('python3', '-c', DATAGRAMS).trim()).toBe('443 refused, 53 sent');
  await agent.client.reconcile();
  expect(agent.events.filter(({ kind }) => kind === 'repaired')).toEqual([]);
  const annotated = { ...listed(pod), annotations: { 'eastwall.dev/quic': 'count' } };
  agent.client.pods(local(annotated));
  await eventually(() => expect(pod.exec('python3', '-c', DATAGRAMS).trim()).toBe('443 sent, 53 sent'));
});

it.each([
  ['count', 'sent', 2],
  // The second datagram is not even sent: its socket has heard of the first.
  ['refuse', 'refused', 1],
] as const)('QUIC is counted, and with `%s` it is %s', async (quic, outcome, counted) => {
  await using agent = new TestAgent({ quic });
  await using pod = new Pod();
  agent.client.pods(local(listed(pod)));
  await agent.enrolled(pod.name);
  expect(pod.exec('python3', '-c', DATAGRAMS).trim()).toBe(`443 ${outcome}, 53 sent`);
  await agent.client.reconcile();
  await eventually(() => expect(lastReport(agent)?.attempts.quic).toBe(counted));
});

/**
 * Two datagrams to each port of nobody: what the first is refused with shows when the second is sent. The kernel takes a
 * moment to say it where it is busy.
 */
const DATAGRAMS = `
import select, socket
def ask(port):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.connect(('10.66.0.250', port))
    refusal = select.poll()
    refusal.register(s, 0)
    try:
        s.send(b'initial')
        refusal.poll(250)
        s.send(b'initial')
    except (ConnectionRefusedError, PermissionError):
        return f'{port} refused'
    return f'{port} sent'
print(', '.join(ask(port) for port in (443, 53)))
`;

it('counts what a pod forwards for somebody behind it, which goes direct', async () => {
  await using _ = await Upstream.listen('10.66.0.1', 8080);
  await using agent = new TestAgent();
  await using pod = new Pod();
  agent.client.pods(local(listed(pod)));
  await agent.serve((await agent.enrolled(pod.name)).ns);
  await using behind = new Pod({ watched: false, network: false });
  behind.connectBehind(pod);
  await behind.startApp();
  execFileSync('ip', ['route', 'add', `${behind.ip4}/32`, 'via', pod.ip4]);
  expect((await behind.connect('10.66.0.1', 8080)).greeting).toBe(`upstream ${behind.ip4}`);
  await agent.client.reconcile();
  await eventually(() => expect(lastReport(agent)?.attempts.forwarded).toBe(1));
});

/** A connection with the mark that other meshes exempt. */
const MARKED = `
import socket
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, 36, 0x539)
try:
    s.connect(('10.66.0.1', 8080))
except ConnectionRefusedError:
    pass
`;
