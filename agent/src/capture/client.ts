import { Worker } from 'node:worker_threads';
import { programFile } from '../config/program-file.ts';
import type { Direction, Family, FdPacket, NamespaceId, SocketOrder } from '../ipc/messages.ts';
import { errnoText } from '../kernel/errno.ts';
import { closeFd, type Fd } from '../kernel/libc.ts';
import { sendFds } from '../kernel/libc-fds.ts';
import type {
  CaptureCall,
  CaptureEvent,
  CaptureOptions,
  Freed,
  FromCapture,
  Inheritance,
  ListenerInfo,
  LocalPods,
  ToCapture,
} from './protocol.ts';

export interface CaptureHandlers {
  readonly onEvent: (event: CaptureEvent) => void;
  /** The thread has ended on its own. Rules and listeners are still there; nobody looks after them. */
  readonly onCrash: (error: Error) => void;
}

interface Waiting {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

function sendPacket(channelFd: Fd, packet: FdPacket, fds: readonly Fd[]): void {
  const sent = sendFds(channelFd, JSON.stringify(packet), fds);
  if (sent !== true) throw new Error(`can't send a listener: ${errnoText(sent)}`);
}

/** In which a thread that has nothing left to do ends by itself. */
const END_PATIENCE_MS = 5_000;

/**
 * Control's hold on the capture thread. It owns the listening descriptors from the `enrolled` event until after the
 * `gone` event, so that a dataplane that dies refuses no connection.
 */
export class CaptureClient {
  readonly #worker: Worker;
  readonly #handlers: CaptureHandlers;
  readonly #enrolled = new Map<NamespaceId, Inheritance>();
  readonly #waiting = new Map<number, Waiting>();
  #lastCall = 0;
  #ended = false;

  /** Finds out what the node can do; the first event is `ready`. Namespaces are looked for from `begin` on. */
  constructor(options: CaptureOptions, handlers: CaptureHandlers) {
    this.#handlers = handlers;
    this.#worker = new Worker(programFile('roles/capture-worker'), {
      workerData: options,
      name: 'capture',
      // It keeps little: a leak should end it, and not the node.
      resourceLimits: { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 64 },
    });
    this.#worker.on('message', (message: FromCapture) => this.#receive(message));
    this.#worker.on('error', (error) =>
      this.#crashed(error instanceof Error ? error : new Error(String(error))),
    );
    this.#worker.on('exit', (code) => this.#crashed(new Error(`the capture thread ended with code ${code}`)));
  }

  /** To be called once. What is inherited belongs here from now on. */
  begin(inherited: readonly Inheritance[]): void {
    this.#post({ kind: 'begin', inherited });
  }

  /** The pods of this node as they are now; replaces what was said before. */
  pods(local: LocalPods): void {
    this.#post({ kind: 'pods', local });
  }

  /**
   * Passes on that the dataplane which accepts for these namespaces is alive: their connections are redirected for
   * one more timeout. To be called on its word only, never on anybody's behalf.
   */
  beat(namespaces: readonly NamespaceId[]): void {
    this.#post({ kind: 'beat', namespaces });
  }

  /** Passes on that the dataplane which accepted for these namespaces has ended. */
  unserved(namespaces: readonly NamespaceId[]): void {
    this.#post({ kind: 'unserved', namespaces });
  }

  /** Passes on that a dataplane has accepted a connection to that port of the proof's address. */
  proved(ns: NamespaceId, family: Family, port: number): void {
    this.#post({ kind: 'proved', ns, family, port });
  }

  /** Passes on whether a dataplane wants to see what comes to that pod. */
  inbound(ns: NamespaceId, wanted: boolean): void {
    this.#post({ kind: 'inbound', ns, wanted });
  }

  /** The listeners of an enrolled namespace, for control's own use; they stay owned here. */
  listeners(ns: NamespaceId): readonly ListenerInfo[] {
    return this.#enrolled.get(ns)?.listeners ?? [];
  }

  /** Which of these network namespaces are enrolled, by their inodes. */
  enrolled(inodes: readonly number[]): NamespaceId[] {
    return [...this.#enrolled].filter(([, { inode }]) => inodes.includes(inode)).map(([ns]) => ns);
  }

  /** Changes nothing in any namespace any more, and resolves to what there is for the agent that takes over. */
  async stepAside(): Promise<readonly Inheritance[]> {
    await this.#call({ what: 'step-aside' });
    return [...this.#enrolled.values()];
  }

  /** That agent has ended: everything is put as it should be. */
  stepBack(): Promise<void> {
    return this.#call({ what: 'step-back' });
  }

  /** The agents before this one have ended: their connections are not exempt any more. */
  retireFormer(): Promise<void> {
    return this.#call({ what: 'retire-former' });
  }

  /** Nobody is going to accept any more: new connections go direct or are refused, as the fail modes say. */
  lapse(whom: Freed = 'open'): Promise<void> {
    return this.#call({ what: 'lapse', whom });
  }

  /**
   * Sends copies of the listening sockets, one packet each; or those of one direction only, which are to be used instead
   * of any that were sent before. Rejects when the namespace or the reader is gone.
   */
  async sendListeners(ns: NamespaceId, only: Direction | 'all', channelFd: Fd): Promise<void> {
    const enrolled = this.#enrolled.get(ns);
    if (enrolled === undefined) throw new Error(`namespace ${ns} is not enrolled`);
    if (only !== 'all') sendPacket(channelFd, { kind: 'renewed', ns, direction: only }, []);
    for (const { direction, family, port, fd } of enrolled.listeners) {
      if (only === 'all' || direction === only)
        sendPacket(channelFd, { kind: 'listener', ns, direction, family, port }, [fd]);
    }
  }

  /**
   * Sends unconnected sockets made in the namespace, in packets of up to 64. `channelFd` must stay open until the
   * promise settles. Rejects when not all could be made and sent; some may have been.
   */
  sendSockets(order: SocketOrder, channelFd: Fd): Promise<void> {
    return this.#call({ what: 'send-sockets', ...order, channelFd });
  }

  /** Resolves when everything has been looked at, and put right where it can be. */
  reconcile(): Promise<void> {
    return this.#call({ what: 'reconcile' });
  }

  /** Ends the thread and leaves rules and listeners in place, for an agent that follows or comes back. */
  async release(): Promise<void> {
    await this.#call({ what: 'release' });
    await this.#end();
  }

  /** Ends the thread, removes every rule of ours and closes the listeners. Rejects when rules are left behind. */
  async uninstall(whom: Freed = 'open'): Promise<void> {
    try {
      await this.#call({ what: 'uninstall', whom });
    } finally {
      await this.#end();
      for (const ns of this.#enrolled.keys()) this.#closeListeners(ns);
    }
  }

  #receive(message: FromCapture): void {
    if (message.kind === 'answer') {
      const waiting = this.#waiting.get(message.id);
      this.#waiting.delete(message.id);
      if (message.error === null) waiting?.resolve();
      else waiting?.reject(new Error(message.error));
      return;
    }
    if (message.kind === 'enrolled') {
      const { ns, inode, listeners, estate } = message;
      this.#enrolled.set(ns, { inode, listeners, ...estate });
    }
    if (message.kind === 'estate') this.#keepEstate(message);
    const former = message.kind === 'inbound' ? this.#replaceInbound(message) : [];
    this.#handlers.onEvent(message);
    for (const { fd } of former) closeFd(fd);
    if (message.kind === 'gone') this.#closeListeners(message.ns);
  }

  #keepEstate({ ns, estate }: Extract<CaptureEvent, { kind: 'estate' }>): void {
    const enrolled = this.#enrolled.get(ns);
    if (enrolled !== undefined) this.#enrolled.set(ns, { ...enrolled, ...estate });
  }

  /** Returns those that are not needed any more. */
  #replaceInbound({ ns, listeners }: Extract<CaptureEvent, { kind: 'inbound' }>): readonly ListenerInfo[] {
    const enrolled = this.#enrolled.get(ns);
    if (enrolled === undefined) return listeners;
    const kept = enrolled.listeners.filter(({ direction }) => direction === 'outbound');
    this.#enrolled.set(ns, { ...enrolled, listeners: [...kept, ...listeners] });
    return enrolled.listeners.filter(({ direction }) => direction === 'inbound');
  }

  #closeListeners(ns: NamespaceId): void {
    for (const { fd } of this.listeners(ns)) closeFd(fd);
    this.#enrolled.delete(ns);
  }

  #call(call: CaptureCall): Promise<void> {
    if (this.#ended) return Promise.reject(new Error('the capture thread has ended'));
    const id = ++this.#lastCall;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#waiting.set(id, { resolve, reject });
    this.#post({ kind: 'call', id, call });
    return promise;
  }

  #post(message: ToCapture): void {
    if (!this.#ended) this.#worker.postMessage(message);
  }

  /** Terminating breaks the thread off wherever it is: in a call of libc that was seen as SIGSEGV of the whole process. */
  async #end(): Promise<void> {
    if (this.#ended) return;
    const exited = new Promise((resolve) => this.#worker.once('exit', resolve));
    this.#post({ kind: 'end' });
    this.#ended = true;
    const impatient = setTimeout(() => void this.#worker.terminate(), END_PATIENCE_MS);
    await exited;
    clearTimeout(impatient);
  }

  #crashed(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
    if (this.#ended) return;
    this.#ended = true;
    this.#handlers.onCrash(error);
  }
}
