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
  /** Tells it that we accept for these namespaces, with our rules in place. */
  taken(inodes: readonly number[]): void;
  /** Everything is its own again. */
  giveBack(): void;
  /** It has ended, or has got everything back. */
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
  const { estate, problem } = await collect(fd, performance.now() + patienceMs);
  // Only now: Node reads without asking for the descriptors beside the bytes, and the kernel would drop them.
  const lease = new Socket({ fd, readable: true, writable: true });
  const ended = Promise.withResolvers<void>();
  lease.on('error', () => {});
  lease.on('close', () => ended.resolve());
  lease.resume();
  return {
    estate,
    problem,
    taken: (inodes) => lease.write(`${JSON.stringify({ kind: 'taken', inodes } satisfies ToPredecessor)}\n`),
    giveBack: () => lease.destroy(),
    ended: ended.promise,
  };
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

async function collect(fd: Fd, deadline: number): Promise<{ estate: Inheritance[]; problem: string | null }> {
  const estate: Inheritance[] = [];
  for (;;) {
    const answer = next(fd);
    if (typeof answer === 'string') return { estate, problem: answer };
    if (answer === null) {
      if (performance.now() > deadline) return { estate, problem: 'it took too long' };
      await pause(LOOK_MS);
    } else if (answer.message.kind === 'netns') estate.push(inherited(answer.message, answer.fds));
    else if (answer.message.kind === 'refused') return { estate, problem: answer.message.reason };
    else
      return {
        estate,
        problem: answer.message.count === estate.length ? null : 'some listeners are missing',
      };
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
