import { once } from 'node:events';
import { createServer, type Server, Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bindAny } from '../../../agent/src/kernel/libc-sockets.ts';
import { TestAgent } from './agent.ts';
import { eventually } from './eventually.ts';
import { makeBridge, Pod, removeBridge } from './pod.ts';

const HOST = '10.66.0.1';
const PORT = 8080;

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

describe.each(['auto', 'iptables'] as const)(
  'between the ends of a connection that was reset (rules: %s)',
  (rules) => {
    it('a pod does not get past the agent that it was made by', async () => {
      await using server = await Resetting.listen();
      await using agent = new TestAgent({ rules });
      await using pod = new Pod();
      const { ns } = await agent.enrolled(pod.name);
      await agent.serve(ns);
      await pod.startApp();
      const { greeting, port, socket } = await dialled(agent, ns);
      expect(greeting).toBe('upstream');
      server.reset();
      await eventually(() => expect(socket.destroyed).toBe(true));
      await free(pod, port);
      expect((await pod.connect(HOST, PORT, port)).greeting).toMatch(/^agent/);
      expect(server.accepted).toBe(0);
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
  },
);

it('the agent does not come back to itself', async () => {
  await using _ = await Resetting.listen();
  await using agent = new TestAgent();
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
