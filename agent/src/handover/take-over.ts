import { Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import type { Inheritance } from '../capture/protocol.ts';
import { closeFd, type Fd } from '../kernel/libc.ts';
import { recvFds, sendFds } from '../kernel/libc-fds.ts';
import { connectUnix, peerUid } from '../kernel/libc-unix.ts';
import { inherited, type ToPredecessor, type ToSuccessor, VERSION } from './protocol.ts';

/** What an agent before us has handed over, and the hold on it that keeps it from changing anything. */
export interface Takeover {
  /** Descriptors are ours. Fewer than the other has when there was a problem: the rest needs listeners of our own. */
  readonly estate: readonly Inheritance[];
  readonly problem: string | null;
  /** It has said nothing and hung up: another one is about to take over, or it has just ended. */
  readonly turnedAway: boolean;
  /** The holds on the agents before us that still live, for whoever takes over from us; they stay ours. */
  leases(): readonly Fd[];
  /** Tells it that we accept for these namespaces, with our rules in place. */
  taken(inodes: readonly number[]): void;
  /** Everything is its own again. */
  giveBack(): void;
  /** It and all before it have ended, or have got everything back. */
  readonly ended: Promise<void>;
}

const LOOK_MS = 5;

/** Whether an agent that can be taken over from runs. */
export function isPredecessorThere(path: string): boolean {
  const fd = connect(path);
  if (fd === null) return false;
  closeFd(fd);
  return true;
}

/** Null when there is no agent to take over from. What is not there within `patienceMs` does not come any more. */
export async function takeOver(path: string, patienceMs: number): Promise<Takeover | null> {
  const fd = connect(path);
  if (fd === null) return null;
  say(fd, { kind: 'take', version: VERSION });
  const { estate, problem, before, turnedAway } = await collect(fd, performance.now() + patienceMs);
  // Only now: Node reads without asking for the descriptors beside the bytes, and the kernel would drop them.
  const leases = [fd, ...before].map((held) => new Lease(held));
  return {
    estate,
    problem,
    turnedAway,
    leases: () => leases.flatMap((lease) => lease.fd ?? []),
    taken: (inodes) => leases[0]?.say({ kind: 'taken', inodes }),
    giveBack: () => {
      for (const lease of leases) lease.end();
    },
    ended: Promise.all(leases.map(({ ended }) => ended)).then(() => {}),
  };
}

/** The connection to one agent before us, which changes nothing as long as it is open at anybody's. */
class Lease {
  readonly ended: Promise<void>;
  readonly #socket: Socket;
  readonly #fd: Fd;

  constructor(fd: Fd) {
    this.#fd = fd;
    this.#socket = new Socket({ fd, readable: true, writable: true });
    this.#socket.on('error', () => {});
    this.ended = new Promise((resolve) => this.#socket.on('close', () => resolve()));
    this.#socket.resume();
  }

  /** Null once the agent has ended. */
  get fd(): Fd | null {
    return this.#socket.destroyed ? null : this.#fd;
  }

  say(message: ToPredecessor): void {
    this.#socket.write(`${JSON.stringify(message)}\n`);
  }

  end(): void {
    this.#socket.destroy();
  }
}

/** Null unless it is of our own user: whoever may listen there could have us accept on sockets of its choice. */
function connect(path: string): Fd | null {
  const fd = connectUnix(path);
  if (fd < 0) return null;
  if (peerUid(fd) === process.getuid?.()) return fd;
  closeFd(fd);
  return null;
}

const say = (fd: Fd, message: ToPredecessor): void => {
  sendFds(fd, `${JSON.stringify(message)}\n`, []);
};

interface Collected {
  readonly estate: readonly Inheritance[];
  readonly problem: string | null;
  readonly turnedAway: boolean;
  /** Holds on agents before the one that gives. */
  readonly before: readonly Fd[];
}

async function collect(fd: Fd, deadline: number): Promise<Collected> {
  const estate: Inheritance[] = [];
  const partly = (problem: string): Collected => ({ estate, problem, turnedAway: false, before: [] });
  for (;;) {
    const answer = next(fd);
    if (typeof answer === 'string') return { ...partly(answer), turnedAway: estate.length === 0 };
    if (answer === null) {
      if (performance.now() > deadline) return partly('it took too long');
      await pause(LOOK_MS);
    } else if (answer.message.kind === 'netns') estate.push(inherited(answer.message, answer.fds));
    else if (answer.message.kind === 'refused') return partly(answer.message.reason);
    else {
      const complete = answer.message.count === estate.length;
      return {
        ...partly('some listeners are missing'),
        ...(complete && { problem: null }),
        before: answer.fds,
      };
    }
  }
}

/** Null when there is nothing yet; a text when nothing more can come. */
function next(fd: Fd): { readonly message: ToSuccessor; readonly fds: readonly Fd[] } | null | string {
  let fds: readonly Fd[] = [];
  try {
    const packet = recvFds(fd);
    if (packet === null) return null;
    fds = packet.fds;
    return { message: JSON.parse(packet.payload) as ToSuccessor, fds };
  } catch (error) {
    for (const received of fds) closeFd(received);
    return (error as Error).message;
  }
}
