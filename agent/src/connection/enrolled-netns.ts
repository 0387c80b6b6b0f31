import type { Workload } from '@eastwall/policy';
import type { CallerState, Direction, Family, NamespaceId } from '../ipc/messages.ts';
import { PROOF } from '../ipc/proof.ts';
import { Bag } from '../kernel/bag.ts';
import { originalDestination } from '../kernel/libc-sockets.ts';
import { Acceptor } from './acceptor.ts';
import { Connection } from './connection.ts';
import type { DataplaneContext } from './dataplane-context.ts';
import type { Holder } from './relief.ts';
import type { Room } from './room.ts';
import { SpentPorts } from './spent-ports.ts';
import type { TcpHandle } from './tcp-handle.ts';
import type { Sharer } from './turns.ts';
import { UpstreamSockets } from './upstream-sockets.ts';

/** Stands in for a caller that nobody could name: no selector matches it. */
export const UNKNOWN_CALLER: Workload = Object.freeze({
  uid: '',
  namespace: '',
  pod: '',
  node: '',
  serviceAccount: '',
  kind: '',
  name: '',
  labels: Object.freeze({}),
});

/** Who asks a pod is known by its address only, which is not enough to name anybody. */
const unknownCaller = () => UNKNOWN_CALLER;

/** Between two checks, that is some per second; a proof takes one per family. */
const PROOFS_PER_CHECK = 4;

/** What a listening socket is for. */
export interface Listening {
  readonly direction: Direction;
  readonly family: Family;
  readonly port: number;
}

interface Waiting {
  readonly handle: TcpHandle;
  readonly ip: string;
  readonly port: number;
  readonly since: number;
}

export interface NetnsOptions {
  readonly id: NamespaceId;
  readonly context: DataplaneContext;
  requestSockets(direction: Direction, family: Family, count: number): void;
  /** Somebody has connected to that port of the address that is kept for proofs of interception. */
  proved(family: Family, port: number): void;
  /** Of the process. */
  readonly room: Pick<Room, 'take' | 'takeCrowded'>;
  /** No more is to come to the pod for a while. */
  crowded(): void;
}

/**
 * One pod's network namespace as the dataplane sees it: its listeners, its identity, its connections. Connections
 * that come before the identity is known wait for it, and pass as unknown when it does not come in time.
 */
export class EnrolledNetns implements Holder, Sharer {
  readonly connections = new Bag<Connection>();
  refused = 0;
  /** Memory that its connections took when they were checked last. */
  heldBytes = 0;
  private proofs = 0;
  /** Connections among the others that come to the pod. */
  private observed = 0;
  private caller: CallerState = { state: 'pending' };
  /** The owner as it was known last: who opts out is still who it was for connections from before. */
  private known: Workload = UNKNOWN_CALLER;
  private retired = false;
  /** Whether a connection waits while `inDoubt`: until one has in vain, and again from the next doubt on. */
  private patience = true;
  private draining = false;
  private waiting: Waiting[] = [];
  private readonly acceptors: Record<Direction, Acceptor[]> = { outbound: [], inbound: [] };
  private readonly ports: Record<Direction, Set<number>> = { outbound: new Set(), inbound: new Set() };
  private readonly sockets: Record<Direction, Map<Family, UpstreamSockets>> = {
    outbound: new Map(),
    inbound: new Map(),
  };
  private readonly spentPorts = new SpentPorts();
  private readonly options: NetnsOptions;

  // What all connections are given.
  private readonly workload = () => this.known;
  private readonly opaquePorts = () =>
    this.caller.state === 'known' ? (this.caller.opaquePorts ?? null) : null;
  private readonly left = (connection: Connection) => {
    this.connections.delete(connection);
    if (connection.observing) this.observed--;
  };

  constructor(options: NetnsOptions) {
    this.options = options;
  }

  /** Whether new connections of the pod are accepted. */
  get isListening(): boolean {
    return this.acceptors.outbound.length > 0;
  }

  /** Whether what comes to the pod is accepted here. */
  get isObserved(): boolean {
    return this.acceptors.inbound.length > 0;
  }

  /** The pod that it belongs to; `UNKNOWN_CALLER` while that is not known. */
  get owner(): Workload {
    return this.known;
  }

  /** Connections that the pod has opened itself: what others open to it takes nothing from it. */
  private get sent(): number {
    return this.connections.size - this.observed + this.waiting.length;
  }

  get waitingCount(): number {
    return this.waiting.length;
  }

  /** Descriptors this pod takes in this process: two per connection, and what waits on the shelf. */
  get descriptors(): number {
    let shelved = 0;
    for (const sockets of this.shelves()) shelved += sockets.size;
    return 2 * (this.connections.size + this.waiting.length) + shelved;
  }

  listen(fd: number, { direction, family, port }: Listening): void {
    const accept =
      direction === 'outbound'
        ? (handle: TcpHandle) => this.accept(handle, family)
        : (handle: TcpHandle) => this.acceptArrival(handle, family);
    this.ports[direction].add(port);
    this.acceptors[direction].push(new Acceptor(fd, accept));
    this.socketsFor(direction, family);
  }

  addSockets(direction: Direction, family: Family, fds: readonly number[]): void {
    this.socketsFor(direction, family).add(fds);
  }

  identify(caller: CallerState): void {
    this.caller = caller;
    if (caller.state !== 'exempt') this.known = caller.state === 'known' ? caller.workload : UNKNOWN_CALLER;
    this.options.context.world.touch();
    if (caller.state !== 'pending') this.release();
  }

  /** Lets go of connections that have waited for an identity long enough, and has the others checked. */
  check(now: number): void {
    this.proofs = 0;
    const first = this.waiting[0];
    if (first !== undefined && now - first.since > this.options.context.settings.identityHoldMs) {
      this.patience = false;
      this.release();
    }
    for (const sockets of this.shelves()) sockets.checkDeadlines();
    this.spentPorts.check(now);
    this.heldBytes = 0;
    for (const connection of this.connections) {
      connection.check(now);
      this.heldBytes += connection.heldBytes;
    }
  }

  /** `Sharer`. */
  rest(): void {
    for (const connection of this.connections) connection.rest();
  }

  goOn(): void {
    for (const connection of this.connections) connection.goOn();
  }

  /** `Holder`. */
  endHeaviest(bytes: number): number {
    const goal = Math.min(bytes, this.heldBytes / 2);
    let freed = 0;
    for (const connection of [...this.connections].sort((one, other) => other.heldBytes - one.heldBytes)) {
      if (freed >= goal) break;
      freed += connection.heldBytes;
      connection.end('overload');
    }
    this.heldBytes -= freed;
    return freed;
  }

  /** Nobody has named the owner, or what there is in the cluster is not known yet. */
  private get inDoubt(): boolean {
    return this.caller.state === 'pending' || !this.options.context.world.synced;
  }

  private get holding(): boolean {
    return this.patience && this.inDoubt;
  }

  release(): void {
    if (this.holding) return;
    // Otherwise a slow start would cost the pod its name for good, whenever there is a doubt for a moment.
    if (!this.inDoubt && !this.retired) this.patience = true;
    for (const { handle, ip, port } of this.waiting.splice(0)) this.open(handle, ip, port, 'outbound');
  }

  stopListening(only: Direction | 'all'): void {
    for (const direction of ['outbound', 'inbound'] as const) {
      if (only !== 'all' && only !== direction) continue;
      for (const acceptor of this.acceptors[direction].splice(0)) acceptor.close();
    }
  }

  /** Accepts nothing more, and asks all callers to leave. */
  drain(now: number): void {
    this.stopListening('all');
    this.draining = true;
    for (const connection of this.connections) connection.drain(now);
  }

  /** The pod is not intercepted any more, and lives on: what is open is finished. */
  retire(): void {
    this.stopListening('all');
    this.retired = true;
    this.patience = false;
    this.release();
  }

  /** Retired, and nothing is left of it. */
  get isOver(): boolean {
    return this.retired && this.connections.size === 0;
  }

  /** Ends draining connections that can go, and with `late` all of them. */
  leave(now: number, late: boolean): void {
    if (late) for (const { handle } of this.waiting.splice(0)) handle.reset();
    for (const connection of [...this.connections]) connection.leave(now, late);
  }

  close(): void {
    this.stopListening('all');
    for (const { handle } of this.waiting.splice(0)) handle.reset();
    for (const sockets of this.shelves()) sockets.close();
    for (const connection of [...this.connections]) connection.end('caller_reset');
  }

  private accept(handle: TcpHandle, family: Family): void {
    const destination = originalDestination(handle.fd, family);
    // Without one, or with our own port, somebody dialled the listener itself: relaying it would loop.
    if (destination === null || this.isListener(destination) || !this.options.room.take(this.sent)) {
      this.refused++;
      handle.reset();
      return;
    }
    const { ip, port } = destination;
    if (ip === PROOF[family].text) {
      handle.reset();
      // Also the pod can connect there, as often as it likes.
      if (this.proofs++ < PROOFS_PER_CHECK) this.options.proved(family, port);
      return;
    }
    if (this.holding) this.waiting.push({ handle, ip, port, since: this.options.context.now() });
    else this.open(handle, ip, port, 'outbound');
  }

  /** Nothing about it is to be judged, so nobody has to be known for it. */
  private acceptArrival(handle: TcpHandle, family: Family): void {
    const destination = originalDestination(handle.fd, family);
    if (destination === null || this.ports.inbound.has(destination.port) || !this.options.room.take()) {
      this.refused++;
      handle.reset();
    } else this.open(handle, destination.ip, destination.port, 'inbound');
    // Whoever comes to one pod may come from anywhere, and must not take the room of what all pods send.
    if (this.options.room.takeCrowded()) this.options.crowded();
  }

  private isListener(destination: { ip: string; port: number }): boolean {
    const { ip, port } = destination;
    return this.ports.outbound.has(port) && (ip === '127.0.0.1' || ip === '::1');
  }

  private open(handle: TcpHandle, ip: string, port: number, direction: Direction): void {
    const connection = new Connection({
      context: this.options.context,
      handle,
      ip,
      port,
      opaquePorts: this.opaquePorts,
      direction,
      caller: direction === 'outbound' ? this.workload : unknownCaller,
      pod: this.workload,
      exempt: this.caller.state === 'exempt',
      sharer: this,
      sockets: this.socketsFor(direction, ip.includes(':') ? 6 : 4),
      spentPorts: this.spentPorts,
      closed: this.left,
    });
    this.connections.add(connection);
    if (connection.observing) this.observed++;
    if (this.draining) connection.drain(this.options.context.now());
    connection.begin();
  }

  private socketsFor(direction: Direction, family: Family): UpstreamSockets {
    let sockets = this.sockets[direction].get(family);
    if (sockets === undefined) {
      sockets = new UpstreamSockets({
        order: (count) => this.options.requestSockets(direction, family, count),
        now: this.options.context.now,
      });
      this.sockets[direction].set(family, sockets);
    }
    return sockets;
  }

  private *shelves(): Generator<UpstreamSockets> {
    yield* this.sockets.outbound.values();
    yield* this.sockets.inbound.values();
  }
}
