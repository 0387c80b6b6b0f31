import { once } from 'node:events';
import { createServer, type Server, Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bindAny } from '../../../agent/src/kernel/libc-sockets.ts';
import { TestAgent } from './agent.ts';
import { eventually } from './eventually.ts';
import { insteadOfTools } from './iptables-tools.ts';
import { makeBridge, Pod, removeBridge } from './pod.ts';

const HOST = '10.66.0.1';
const PORT = 8080;
const ENGINES = ['auto', 'iptables'] as const;

beforeAll(makeBridge);
afterAll(removeBridge);

/** Greets, and resets whoever it has greeted when it is told to: conntrack remembers such a connection for ten seconds. */
class Resetting implements AsyncDisposable {
  readonly #server: Server;
  readonly #open: Socket[] = [];

  private constructor() {
    this.#server = createServer((socket) => {
      this.#open.push(socket);
      socket.on('error', () => {}).write('upstream');
    });
  }

  static async listen(): Promise<Resetting> {
    const server = new Resetting();
    server.#server.listen(PORT, HOST);
    await once(server.#server, 'listening');
    return server;
  }

  /** Since it reset those that were open. */
  get accepted(): number {
    return this.#open.length;
  }

  reset(): void {
    for (const socket of this.#open.splice(0)) socket.resetAndDestroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.reset();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** As the tool says it that finds no such target in the kernel. */
const WITHOUT_ZONES = `
  rules=$(cat)
  case "$rules" in *"-j CT"*)
    echo 'Extension CT revision 0 not supported, missing kernel module?' >&2
    exit 4
  esac
  printf '%s\\n' "$rules" | "$tool" "$@"`;

/** Counts first packets of the pod that NAT has passed over; those of an agent that is exempt by mark carry one. */
const COUNT = `table inet counting {
  chain passed {
    type filter hook output priority -50;
    tcp flags & (syn | ack) == syn meta mark 0 ct status & dnat == 0 oifname "eth0" counter
  }
}`;

class PassedOver {
  readonly #pod: Pod;

  constructor(pod: Pod) {
    this.#pod = pod;
    pod.exec('nft', COUNT);
  }

  get packets(): number {
    return Number(/packets (\d+)/.exec(this.#pod.exec('nft', 'list', 'table', 'inet', 'counting'))?.[1]);
  }
}

/** The reset has come: nobody in the pod has a connection from that port any more. */
const free = (pod: Pod, port: number) =>
  eventually(() => expect(pod.exec('ss', '-Htn', 'sport', '=', `:${port}`)).toBe(''));

/** A connection that the agent makes from the pod, and where it made it from. */
async function dialled(
  agent: TestAgent,
  ns: number,
  from = 0,
): Promise<{ greeting: string; port: number; socket: Socket }> {
  const [fd = -1] = await agent.sockets(ns, 4, 1);
  if (from !== 0 && bindAny(fd, 4, from) < 0) throw new Error(`port ${from} can not be had`);
  const socket = new Socket({ fd }).on('error', () => {}).connect(PORT, HOST);
  const [bytes] = (await once(socket, 'data')) as [Buffer];
  return { greeting: bytes.toString(), port: socket.localPort ?? 0, socket };
}

/**
 * A connection of the pod's after one of the agent's: it comes to the agent. Says how many first packets it took that met
 * no rule of NAT.
 */
async function followedByPod(rules: (typeof ENGINES)[number]) {
  await using server = await Resetting.listen();
  await using agent = new TestAgent({ rules });
  await using pod = new Pod();
  const { ns } = await agent.enrolled(pod.name);
  await agent.serve(ns);
  await pod.startApp();
  const counting = new PassedOver(pod);
  const { greeting, port, socket } = await dialled(agent, ns);
  expect(greeting).toBe('upstream');
  server.reset();
  await eventually(() => expect(socket.destroyed).toBe(true));
  await free(pod, port);
  expect((await pod.connect(HOST, PORT, port)).greeting).toMatch(/^agent/);
  expect(server.accepted).toBe(0);
  const ready = await agent.event('ready');
  return { rules: ready.rules, zoneProblem: ready.zoneProblem, passedOver: counting.packets };
}

describe('where there is only iptables of old', () => {
  it('a pod does not get past the agent that it was made by', async () => {
    using _ = insteadOfTools(['iptables-nft-restore', 'ip6tables-nft-restore'], 'exit 1');
    expect(await followedByPod('iptables')).toMatchObject({
      rules: 'iptables-legacy',
      zoneProblem: null,
      passedOver: 0,
    });
  });
});

describe('where iptables has no zones', () => {
  it('that is said, and a pod is dropped until conntrack forgets', async () => {
    using _ = insteadOfTools(['iptables-nft-restore'], WITHOUT_ZONES);
    const { zoneProblem, passedOver } = await followedByPod('iptables');
    expect(zoneProblem).toContain('Extension CT revision 0 not supported');
    expect(passedOver).toBeGreaterThan(0);
  });

  it('for IPv6, it has none', async () => {
    using _ = insteadOfTools(['ip6tables-nft-restore'], WITHOUT_ZONES);
    await using agent = new TestAgent({ rules: 'iptables' });
    expect((await agent.event('ready')).zoneProblem).toContain('Extension CT revision 0 not supported');
  });
});

describe.each(ENGINES)('between the ends of a connection that was reset (rules: %s)', (rules) => {
  it('a pod does not get past the agent that it was made by', async () => {
    expect(await followedByPod(rules)).toMatchObject({ zoneProblem: null, passedOver: 0 });
  });

  it('a pod does not go on going direct, as it did before it was enrolled', async () => {
    await using server = await Resetting.listen();
    await using pod = new Pod();
    await pod.startApp();
    // Without a rule that asks for it, nothing is remembered.
    pod.exec('iptables', '-A', 'OUTPUT', '-m', 'conntrack', '--ctstate', 'NEW', '-j', 'ACCEPT');
    const from = 41_000;
    expect((await pod.connect(HOST, PORT, from)).greeting).toMatch(/^upstream/);
    await using agent = new TestAgent({ rules });
    await agent.serve((await agent.enrolled(pod.name)).ns);
    server.reset();
    await free(pod, from);
    expect((await pod.connect(HOST, PORT, from)).greeting).toMatch(/^agent/);
    expect(server.accepted).toBe(0);
  });
});

it.each(ENGINES)('the agent does not come back to itself (rules: %s)', async (rules) => {
  await using _ = await Resetting.listen();
  await using agent = new TestAgent({ rules });
  await using pod = new Pod();
  const { ns } = await agent.enrolled(pod.name);
  await agent.serve(ns);
  await pod.startApp();
  const from = 41_001;
  expect((await pod.connect(HOST, PORT, from)).greeting).toMatch(/^agent/);
  agent.accepted[0]?.resetAndDestroy();
  await free(pod, from);
  const { greeting, socket } = await dialled(agent, ns, from);
  expect(greeting).toBe('upstream');
  socket.destroy();
});
