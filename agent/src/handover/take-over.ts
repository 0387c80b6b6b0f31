import { Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import type { Inheritance } from '../capture/protocol.ts';
import { closeFd, type Fd } from '../kernel/libc.ts';
import { recvFds, sendFds } from '../kernel/libc-fds.ts';
import { connectUnix, peerUid } from '../kernel/libc-unix.ts';
import { type ToPredecessor, VERSION } from './protocol.ts';
import { readInheritance, readSaid } from './reading.ts';

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
  say(fd, { kind: 'take', version: VERSION, newest: VERSION });
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
  const heard = new Heard();
  for (;;) {
    const packet = next(fd);
    if (typeof packet === 'string') return heard.until(packet);
    if (packet === null) {
      if (performance.now() > deadline) return heard.until('it took too long');
      await pause(LOOK_MS);
      continue;
    }
    const whole = heard.read(packet.payload, packet.fds);
    if (whole !== null) return whole;
  }
}

/** What an old agent has said so far. */
class Heard {
  readonly #estate: Inheritance[] = [];
  #anything = false;
  /** The beginning of a message, and the descriptors beside it. */
  #rest = '';
  #fds: readonly Fd[] = [];

  /** Takes in what has come in one read; not null when the last message was in it. */
  read(payload: string, fds: readonly Fd[]): Collected | null {
    this.#anything = true;
    const lines = (this.#rest + payload).split('\n');
    // Agents before there were lines end no message; the beginning of one reads as nothing.
    const last = lines.at(-1) ?? '';
    this.#rest = readSaid(last) === null ? (lines.pop() ?? '') : '';
    this.#fds = [...this.#fds, ...fds];
    const beside = this.#rest === '' ? this.#fds : [];
    if (this.#rest === '') this.#fds = [];
    const ends = lines.map((line, at) => this.#hear(line, at === lines.length - 1 ? beside : []));
    return ends.find((end) => end !== null) ?? null;
  }

  /** Not null when it was the last message. */
  #hear(line: string, fds: readonly Fd[]): Collected | null {
    const message = readSaid(line);
    const inheritance = message?.kind === 'netns' ? readInheritance(message, fds) : null;
    if (inheritance !== null) {
      this.#estate.push(inheritance);
      return null;
    }
    if (message?.kind === 'all') {
      const problem = message.count === this.#estate.length ? null : 'some listeners are missing';
      return { estate: this.#estate, problem, turnedAway: false, before: fds };
    }
    if (message?.kind === 'refused') return { ...this.until(String(message.reason)), before: fds };
    // Of no use to us: an open listener on which nobody accepts would let callers hang.
    for (const fd of fds) closeFd(fd);
    return null;
  }

  /** Nothing more comes. */
  until(problem: string): Collected {
    for (const fd of this.#fds) closeFd(fd);
    return { estate: this.#estate, problem, turnedAway: !this.#anything, before: [] };
  }
}

/** Null when there is nothing yet; a text when nothing more can come. */
function next(fd: Fd): ReturnType<typeof recvFds> | string {
  try {
    return recvFds(fd);
  } catch (error) {
    return (error as Error).message;
  }
}
