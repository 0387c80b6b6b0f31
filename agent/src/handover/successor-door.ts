import { createServer, type Server, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import type { Inheritance } from '../capture/protocol.ts';
import { EAGAIN, errnoText } from '../kernel/errno.ts';
import type { Fd } from '../kernel/libc.ts';
import { fitsInPacket, sendFds } from '../kernel/libc-fds.ts';
import { peerUid } from '../kernel/libc-unix.ts';
import { err, ok, type Result } from '../kernel/result.ts';
import { SocketFile } from '../kernel/socket-file.ts';
import { given, type ToPredecessor, type ToSuccessor, VERSION } from './protocol.ts';
import { readToPredecessor } from './reading.ts';

/** What is asked of the agent that a successor takes over from. */
export interface Predecessor {
  /** A successor has come: stop changing rules. Resolves to what there is; the descriptors stay ours. */
  stepAside(): Promise<readonly Inheritance[]>;
  /** Its holds on agents before it that still live. The successor gets copies: these stay still while it lives, too. */
  leases(): readonly Fd[];
  /** It accepts for these namespaces (by inode) and its rules are in place: stop accepting for them. */
  taken(inodes: readonly number[]): void;
  /** It has ended before us: everything is ours again. */
  stepBack(): void;
}

export interface DoorLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

type Take = Extract<ToPredecessor, { kind: 'take' }>;

/** Characters of a line that is not understood. */
const LOGGED = 100;
const RETRY_MS = 5;
const RETRIES = 1_000;

/** Where an agent that follows this one asks for its listeners. One successor at a time. */
export class SuccessorDoor {
  readonly #file: SocketFile;
  readonly #predecessor: Predecessor;
  readonly #log: DoorLog;
  readonly #guests = new Set<Socket>();
  #server: Server | null = null;
  #successor: Socket | null = null;
  /** Its version and ours have one in common. */
  #givesListeners = true;
  /** Stepping aside and back is one after the other, however quickly successors come and go. */
  #turn: Promise<void> = Promise.resolve();

  constructor(path: string, predecessor: Predecessor, log: DoorLog) {
    this.#file = new SocketFile(path);
    this.#predecessor = predecessor;
    this.#log = log;
  }

  /** From here on this agent is the one that is found. Again after a successor that has ended had been. */
  async open(): Promise<void> {
    this.#server?.close();
    this.#server = createServer((socket) => this.#welcome(socket));
    await this.#file.claim(this.#server);
  }

  /** Whoever looks for the agent of this node finds this one. */
  get isFound(): boolean {
    return this.#file.isOurs;
  }

  /** A successor is there, so neither rules nor listeners are ours to end. */
  get passedOn(): boolean {
    return this.#successor !== null;
  }

  /** A successor that is there learns by it that we have ended. */
  close(): void {
    this.#file.release();
    this.#server?.close();
    for (const guest of this.#guests) guest.destroy();
  }

  #welcome(socket: Socket): void {
    const fd = descriptorOf(socket);
    if (peerUid(fd) !== process.getuid?.()) {
      this.#log.warn({ uid: peerUid(fd) }, 'somebody who is not us asked for the listeners');
      socket.destroy();
      return;
    }
    this.#guests.add(socket);
    const lines = createInterface({ input: socket, crlfDelay: Number.POSITIVE_INFINITY });
    lines.on('line', (line) => this.#hear(socket, line));
    // Lines repeat the errors of what they are read from.
    for (const source of [socket, lines]) source.on('error', () => {});
    socket.on('close', () => this.#left(socket));
  }

  #hear(socket: Socket, line: string): void {
    const message = readToPredecessor(line);
    if (message === null)
      this.#log.warn({ line: line.slice(0, LOGGED) }, 'an agent said what this one does not know');
    else if (message.kind === 'take') this.#take(socket, message);
    else if (socket === this.#successor) {
      // Who has got no listeners accepts on others: what waits at ours is for us.
      const inodes = this.#givesListeners ? message.inodes : [];
      this.#log.info({ namespaces: inodes.length }, 'a successor has taken over');
      this.#then(() => this.#predecessor.taken(inodes));
    }
  }

  #then(work: () => Promise<void> | void): void {
    this.#turn = this.#turn
      .then(work)
      .catch((error: Error) => this.#log.warn({ problem: error.message }, 'handing over has failed'));
  }

  #take(socket: Socket, asked: Take): void {
    if (this.#successor !== null) {
      socket.destroy();
      return;
    }
    this.#successor = socket;
    this.#givesListeners = isRead(asked);
    const { version, newest } = asked;
    this.#log.info({ version, newest }, 'a successor takes over');
    this.#then(() => this.#give(socket));
  }

  async #give(socket: Socket): Promise<void> {
    const estate = await this.#predecessor.stepAside().then(ok, (error: Error) => err(error.message));
    const sent = estate.ok
      ? await this.#giveAll(socket, estate.value)
      : await tell(socket, { kind: 'refused', reason: estate.error }, []);
    if (!sent.ok) this.#log.warn({ problem: sent.error }, 'listeners could not be handed over');
  }

  async #giveAll(socket: Socket, estate: readonly Inheritance[]): Promise<Result<null, string>> {
    const leases = this.#predecessor.leases();
    if (this.#givesListeners) {
      const sent = await giveEach(socket, estate);
      return sent.ok ? tell(socket, { kind: 'all', count: estate.length }, leases) : sent;
    }
    const sent = await giveEach(
      socket,
      estate.map((one) => ({ ...one, listeners: [] })),
    );
    const reason = `this agent speaks version ${VERSION}`;
    return sent.ok ? tell(socket, { kind: 'refused', reason }, leases) : sent;
  }

  #left(socket: Socket): void {
    this.#guests.delete(socket);
    if (socket !== this.#successor) return;
    this.#successor = null;
    if (this.#server?.listening !== true) return;
    this.#log.warn({}, 'the successor has ended: taking everything back');
    this.#then(() => this.#predecessor.stepBack());
  }
}

async function giveEach(socket: Socket, estate: readonly Inheritance[]): Promise<Result<null, string>> {
  for (const inheritance of estate) {
    const fds = inheritance.listeners.map(({ fd }) => fd);
    const message = { kind: 'netns', ...given(inheritance) } as const;
    // The successor opens listeners of its own there; that some are missing it sees by the count.
    if (!fitsInPacket(`${JSON.stringify(message)}\n`, fds)) continue;
    const sent = await tell(socket, message, fds);
    if (!sent.ok) return sent;
  }
  return ok(null);
}

/** Tries again while the successor is behind with reading. */
async function tell(socket: Socket, message: ToSuccessor, fds: readonly Fd[]): Promise<Result<null, string>> {
  for (let attempt = 0; attempt < RETRIES; attempt++) {
    // It may have been closed meanwhile, and its number be another file's.
    const sent = sendFds(descriptorOf(socket), `${JSON.stringify(message)}\n`, fds);
    if (sent === true) return ok(null);
    if (sent !== -EAGAIN) return err(errnoText(sent));
    await pause(RETRY_MS);
  }
  return err('the successor does not read');
}

/** Whether it reads what we give. */
const isRead = ({ version, newest = version }: Take): boolean => version <= VERSION && VERSION <= newest;

/** Of Node's own handle, which keeps it: for reading options and for sending beside what Node sends, which is nothing. */
const descriptorOf = (socket: Socket): Fd =>
  (socket as unknown as { _handle: { fd: Fd } | null })._handle?.fd ?? -1;
