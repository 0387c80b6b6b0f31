import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, rmdirSync } from 'node:fs';
import { createServer, type Server, Socket } from 'node:net';
import { closeFd, type Fd } from '../kernel/libc.ts';
import { setLoopbackUp } from '../kernel/libc-namespaces.ts';
import { bindAny, bindTo, makeTransparent, setMark, tcpSocket } from '../kernel/libc-sockets.ts';
import { err, ok, type Result } from '../kernel/result.ts';
import type { NetnsDoor } from './inside.ts';
import { type Listener, openListener } from './listener.ts';
import type { Exemption } from './wish.ts';

const DEADLINE_MS = 5_000;
/** Given to nobody who does not ask for it. */
const SAME_PORT = 20_000;

/** Where a connection to the target ended: there, at the listener that others are redirected to, or nowhere. */
export type Arrival = 'target' | 'listener' | 'refused';

/**
 * A namespace of its own with a target, a listener and one redirect between them, for seeing with real connections
 * whom an exemption exempts.
 */
export class ProbeRange {
  readonly netns: Fd;
  readonly #door: NetnsDoor;
  readonly #target: { readonly server: Server; readonly port: number; readonly fd: Fd };
  readonly #listener: { readonly server: Server; readonly port: number };

  private constructor(
    door: NetnsDoor,
    netns: Fd,
    sockets: { readonly target: Listener; readonly listener: Listener },
  ) {
    this.#door = door;
    this.netns = netns;
    this.#target = { ...serve(sockets.target), fd: sockets.target.fd };
    this.#listener = serve(sockets.listener);
  }

  static open(door: NetnsDoor): Result<ProbeRange, string> {
    const netns = door.scratch();
    if (!netns.ok) return netns;
    const sockets = door.inside(netns.value, () => {
      const plain = tcpSocket(4);
      const up = setLoopbackUp(plain);
      closeFd(plain);
      return { up, target: openListener(4), listener: openListener(4) };
    });
    if (sockets.ok && sockets.value.up === 0 && sockets.value.target.ok && sockets.value.listener.ok) {
      return ok(
        new ProbeRange(door, netns.value, {
          target: sockets.value.target.value,
          listener: sockets.value.listener.value,
        }),
      );
    }
    closeSync(netns.value);
    return err("can't set up a namespace to probe in");
  }

  get ports(): { readonly target: number; readonly listener: number } {
    return { target: this.#target.port, listener: this.#listener.port };
  }

  /** Connects with a socket as the agent makes them: marked, where it exempts itself by mark. */
  async arrivalOfOwnSocket(exemption: Exemption | null): Promise<Arrival | null> {
    const made = this.#door.inside(this.netns, () => tcpSocket(4));
    if (!made.ok || made.value < 0) return null;
    if (exemption?.kind === 'mark') setMark(made.value, exemption.mark);
    const socket = new Socket({ fd: made.value });
    const refused = Promise.withResolvers<Arrival>();
    const arrival = this.#arrival();
    socket.on('error', () => refused.resolve('refused')).connect(this.#target.port, '127.0.0.1');
    return Promise.race([arrival, refused.promise]).finally(() => socket.destroy());
  }

  /** Connects from a port that is the same each time. Whom it comes to resets it: conntrack remembers that for a while. */
  async arrivalBetweenSameEnds(mark: number | null): Promise<Arrival | null> {
    const made = this.#door.inside(this.netns, () => tcpSocket(4));
    if (!made.ok || made.value < 0) return null;
    if (mark !== null) setMark(made.value, mark);
    const socket = new Socket({ fd: made.value }).on('error', () => {});
    const closed = once(socket, 'close');
    const arrival = this.#arrival();
    const reset = (accepted: Socket) => accepted.resetAndDestroy();
    const servers = [this.#target.server, this.#listener.server];
    for (const server of servers) server.on('connection', reset);
    if (bindAny(made.value, 4, SAME_PORT) < 0) socket.destroy();
    else socket.connect(this.#target.port, '127.0.0.1');
    return arrival.finally(() => {
      for (const server of servers) server.off('connection', reset);
      socket.destroy();
      return closed;
    });
  }

  /** As the agent marks its listeners. */
  markTarget(mark: number): void {
    setMark(this.#target.fd, mark);
  }

  /** Begins a connection with a socket that has no mark. Returns what ends it. */
  connectAndForget(): () => void {
    const made = this.#door.inside(this.netns, () => tcpSocket(4));
    if (!made.ok || made.value < 0) return () => {};
    const socket = new Socket({ fd: made.value }).on('error', () => {});
    socket.connect(this.#target.port, '127.0.0.1');
    return () => socket.destroy();
  }

  /** Whether a connection to the target can be made from an address that nobody here has, with packets of that mark. */
  async connectsAs(address: Uint8Array, mark: number): Promise<boolean> {
    const made = this.#door.inside(this.netns, () => tcpSocket(4));
    if (!made.ok || made.value < 0) return false;
    const fd = made.value;
    const socket = new Socket({ fd });
    const steps = [setMark(fd, mark), makeTransparent(fd, 4), bindTo(fd, address)];
    const connected = Promise.withResolvers<boolean>();
    const deadline = setTimeout(() => connected.resolve(false), DEADLINE_MS);
    socket.on('error', () => connected.resolve(false));
    if (steps.some((result) => result < 0)) connected.resolve(false);
    else socket.connect(this.#target.port, '127.0.0.1', () => connected.resolve(true));
    return connected.promise.finally(() => {
      clearTimeout(deadline);
      socket.destroy();
    });
  }

  /** Connects from a process in a cgroup made at `cgroupPath`, which must not be below the agent's own. */
  async arrivalFromCgroup(cgroupPath: string): Promise<Arrival | null> {
    try {
      mkdirSync(cgroupPath);
    } catch {
      return null;
    }
    const arrival = this.#arrival();
    const started = this.#door.inside(this.netns, () =>
      spawn(process.execPath, ['-e', OUTSIDER, `${cgroupPath}/cgroup.procs`, String(this.#target.port)], {
        stdio: 'ignore',
        timeout: DEADLINE_MS,
        killSignal: 'SIGKILL',
      }),
    );
    const ended = started.ok ? once(started.value, 'close').catch(() => []) : Promise.resolve();
    return arrival.finally(async () => {
      await ended;
      rmdirSync(cgroupPath);
    });
  }

  close(): void {
    this.#target.server.close();
    this.#listener.server.close();
    closeSync(this.netns);
  }

  /** Of the next connection; null when none comes. */
  #arrival(): Promise<Arrival | null> {
    const { promise, resolve } = Promise.withResolvers<Arrival | null>();
    const deadline = setTimeout(() => resolve(null), DEADLINE_MS);
    const atTarget = () => resolve('target');
    const atListener = () => resolve('listener');
    this.#target.server.on('connection', atTarget);
    this.#listener.server.on('connection', atListener);
    return promise.finally(() => {
      clearTimeout(deadline);
      this.#target.server.off('connection', atTarget);
      this.#listener.server.off('connection', atListener);
    });
  }
}

/** Moves itself into the cgroup first: a socket belongs to the cgroup that its maker was in. */
const OUTSIDER = `
const [procs, port] = process.argv.slice(1);
require('node:fs').writeFileSync(procs, String(process.pid));
const socket = require('node:net').connect(Number(port), '127.0.0.1', () => socket.destroy());
`;

function serve({ fd, port }: Listener): { readonly server: Server; readonly port: number } {
  // Who connects ends it, and as they like.
  const server = createServer((socket) => socket.on('error', () => {}).resume()).listen({ fd });
  return { server, port };
}
