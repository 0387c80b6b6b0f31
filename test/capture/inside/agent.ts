import { once } from 'node:events';
import { createServer, type Server, Socket } from 'node:net';
import { CaptureClient } from '../../../agent/src/capture/client.ts';
import type {
  CaptureEvent,
  CaptureOptions,
  Inheritance,
  LocalPods,
} from '../../../agent/src/capture/protocol.ts';
import type { Direction, Family, FdPacket } from '../../../agent/src/ipc/messages.ts';
import { PROOF } from '../../../agent/src/ipc/proof.ts';
import { closeFd } from '../../../agent/src/kernel/libc.ts';
import { recvFds, sendFds, socketPair } from '../../../agent/src/kernel/libc-fds.ts';
import { bindAsPeerOf, originalDestination } from '../../../agent/src/kernel/libc-sockets.ts';

type Event<K extends CaptureEvent['kind']> = Extract<CaptureEvent, { kind: K }>;

const PATIENCE_MS = 30_000;

/** Capture with a stand-in for the dataplane, which greets everybody with the original destination, and echoes. */
export class TestAgent implements AsyncDisposable {
  readonly client: CaptureClient;
  readonly events: CaptureEvent[] = [];
  /** Those that pods have made, and ours on behalf of who calls them. */
  readonly accepted: Socket[] = [];
  /** What has come to pods: from where, and to which port. */
  readonly arrivals: string[] = [];
  /** Connections that prove interception: the first ones come two seconds after a pod was enrolled. */
  readonly #proofs: Socket[] = [];
  readonly #servers: Server[] = [];
  #changed = Promise.withResolvers<void>();
  #crash: Error | null = null;
  #ended = false;

  /** `known` are pods that it hears of before it looks for namespaces, as an agent of a cluster does. */
  constructor(
    options: Partial<CaptureOptions> = {},
    inherited: readonly Inheritance[] = [],
    known: LocalPods | null = null,
  ) {
    this.client = new CaptureClient(
      {
        netnsDir: '/run/netns',
        // Regular reconciling is out of the way: tests ask for it.
        reconcileIntervalMs: 3_600_000,
        excludedNamespaces: ['kube-system'],
        exemption: 'auto',
        rules: 'auto',
        failMode: 'open',
        quic: 'count',
        inbound: 'auto',
        packetGuard: 'auto',
        proofIntervalMs: 3_600_000,
        gateTimeoutMs: 60_000,
        nodeAddresses: ['10.66.0.1'],
        ...options,
      },
      {
        onEvent: (event) => {
          this.events.push(event);
          this.#wake();
        },
        onCrash: (error) => {
          this.#crash = error;
          this.#wake();
        },
      },
    );
    if (known !== null) this.client.pods(known);
    this.client.begin(inherited);
  }

  /** The first event of a kind that passes, be it past or to come. */
  async event<K extends CaptureEvent['kind']>(
    kind: K,
    passes: (event: Event<K>) => boolean = () => true,
  ): Promise<Event<K>> {
    const deadline = AbortSignal.timeout(PATIENCE_MS);
    for (;;) {
      if (this.#crash !== null) throw this.#crash;
      const found = this.events.find(
        (event): event is Event<K> => event.kind === kind && passes(event as Event<K>),
      );
      if (found !== undefined) return found;
      await Promise.race([this.#changed.promise, once(deadline, 'abort')]);
      if (deadline.aborted) throw new Error(`no ${kind} event came, but ${JSON.stringify(this.events)}`);
    }
  }

  latest<K extends CaptureEvent['kind']>(kind: K): Event<K> | undefined {
    return this.events.findLast((event): event is Event<K> => event.kind === kind);
  }

  /** Accepts what comes to the pod, once that is sent here. */
  async observed(ns: number): Promise<void> {
    await this.event('inbound', (event) => event.ns === ns && event.listeners.length > 0);
    await this.serve(ns, 'inbound');
  }

  /** Where what comes to pods is redirected to. */
  inboundPorts(): number[] {
    return this.latest('inbound')?.listeners.map(({ port }) => port) ?? [];
  }

  enrolled(name: string): Promise<Event<'enrolled'>> {
    return this.event('enrolled', ({ path }) => path.endsWith(`/${name}`));
  }

  /** Where the pod's IPv4 connections are redirected to; it must have been enrolled. */
  portOf(name: string): number | undefined {
    const event = this.events.find((found) => found.kind === 'enrolled' && found.path.endsWith(`/${name}`));
    return event?.kind === 'enrolled' ? event.listeners[0]?.port : undefined;
  }

  /** Accepts at copies of the listeners, as a dataplane does. */
  async serve(ns: number, only: Direction | 'all' = 'all'): Promise<void> {
    const [here, there] = socketPair();
    await this.client.sendListeners(ns, only, here);
    for (let packet = recvFds(there); packet !== null; packet = recvFds(there)) {
      const said = JSON.parse(packet.payload) as FdPacket;
      if (said.kind !== 'listener') continue;
      const { direction, family } = said;
      const server = createServer({ allowHalfOpen: direction === 'inbound' }, (socket) =>
        direction === 'inbound'
          ? void this.#passOn(socket, { ns, family })
          : this.#greet(socket, { ns, family }),
      ).listen({ fd: packet.fds[0] });
      this.#servers.push(server);
      await once(server, 'listening');
    }
    for (const fd of [here, there]) closeFd(fd);
  }

  /** What an agent hands over, with descriptors of its own, as on the way to another process. */
  static copies(estate: readonly Inheritance[]): Inheritance[] {
    const [here, there] = socketPair();
    const copies = estate.map((inheritance) => {
      const given = inheritance.listeners.map(({ fd }) => fd);
      sendFds(here, 'fds', given);
      const fds = recvFds(there)?.fds ?? [];
      const listeners = inheritance.listeners.map((listener, at) => ({ ...listener, fd: fds[at] ?? -1 }));
      return { ...inheritance, listeners };
    });
    for (const fd of [here, there]) closeFd(fd);
    return copies;
  }

  /** Accepts no more; the listeners stay open, and so do connections. */
  stopServing(): void {
    for (const server of this.#servers.splice(0)) server.close();
  }

  /** Descriptors of unconnected sockets made in the namespace. */
  async sockets(
    ns: number,
    family: Family,
    count: number,
    direction: Direction = 'outbound',
  ): Promise<number[]> {
    const [here, there] = socketPair();
    await this.client.sendSockets({ ns, direction, family, count }, here);
    const fds: number[] = [];
    for (let packet = recvFds(there); packet !== null; packet = recvFds(there)) fds.push(...packet.fds);
    for (const fd of [here, there]) closeFd(fd);
    return fds;
  }

  /** Ends without removing anything, as a crash does. */
  async crash(): Promise<void> {
    // Those of pods that are gone are closed, and their numbers may be others' by now.
    const gone = new Set(this.events.flatMap((event) => (event.kind === 'gone' ? [event.ns] : [])));
    const listeners = this.events.flatMap((event) =>
      (event.kind === 'enrolled' || event.kind === 'inbound') && !gone.has(event.ns) ? event.listeners : [],
    );
    this.#ended = true;
    await this.client.release();
    await this.#closeAll();
    for (const { fd } of listeners) closeFd(fd);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#ended) await this.client.uninstall();
    await this.#closeAll();
  }

  #greet(socket: Socket, { ns, family }: { ns: number; family: Family }): void {
    const { fd } = (socket as unknown as { _handle: { fd: number } })._handle;
    const original = originalDestination(fd, family);
    if (original?.ip === PROOF[family].text) {
      this.client.proved(ns, family, original.port);
      this.#proofs.push(socket);
    } else this.accepted.push(socket);
    socket.on('error', () => {}).write(`agent ${original?.ip} ${original?.port}`);
    socket.pipe(socket);
  }

  /** To the application, as the dataplane does. */
  async #passOn(socket: Socket, { ns, family }: { ns: number; family: Family }): Promise<void> {
    const { fd } = (socket as unknown as { _handle: { fd: number } })._handle;
    const original = originalDestination(fd, family);
    this.accepted.push(socket);
    socket.on('error', () => {});
    this.arrivals.push(`${socket.remoteAddress} ${socket.remotePort} to ${original?.port}`);
    const [made = -1] = await this.sockets(ns, family, 1, 'inbound');
    if (original === null || bindAsPeerOf(made, fd, 'same') < 0)
      throw new Error('can not connect as the caller');
    const upstream = new Socket({ fd: made, allowHalfOpen: true }).connect(original.port, original.ip);
    this.accepted.push(upstream);
    upstream
      .on('error', () => socket.destroy())
      .pipe(socket)
      .pipe(upstream);
  }

  async #closeAll(): Promise<void> {
    for (const socket of [...this.accepted, ...this.#proofs]) socket.destroy();
    await Promise.all(
      this.#servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))),
    );
  }

  #wake(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}

/** A server in the agent's own namespace, which greets with the address it sees, and echoes. */
export class Upstream implements AsyncDisposable {
  readonly server: Server;
  readonly #open = new Set<Socket>();

  get accepted(): number {
    return this.#open.size;
  }

  private constructor() {
    this.server = createServer((socket) => {
      this.#open.add(socket);
      socket.on('error', () => {}).write(`upstream ${socket.remoteAddress}`);
      socket.pipe(socket);
    });
  }

  static async listen(host: string, port: number): Promise<Upstream> {
    const upstream = new Upstream();
    upstream.server.listen(port, host);
    await once(upstream.server, 'listening');
    return upstream;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#open) socket.destroy();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }
}

/** The first words of the other side. */
export async function greetingOf(fd: number, host: string, port: number): Promise<string> {
  const socket = new Socket({ fd }).connect(port, host);
  const [bytes] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  return bytes.toString();
}
