import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Workload } from '@eastwall/policy';
import { provenanceKey } from '../guard/provenance.ts';
import type { IssuerKeys } from '../identity/issuer.ts';
import type { CallerState, Direction, FromDataplane, NamespaceId, ToDataplane } from '../ipc/messages.ts';
import type { News } from '../record/news.ts';
import { DataplaneChild } from './dataplane-child.ts';
import {
  childEnded,
  type DataplaneState,
  newSlot,
  restartDelay,
  type Slot,
  stateOf,
} from './dataplane-slot.ts';
import { HANG_TICK_MS, HangWatch } from './hang-watch.ts';
import { newsFor, newsOf } from './news-routes.ts';
import { isPowerless } from './process-status.ts';
import type { ClusterDelta } from './snapshot.ts';
import type { SupervisorOptions } from './supervisor-options.ts';

const HAND_RETRY_MS = 250;
/** Beyond the grace that open exchanges have. */
const DRAIN_SLACK_MS = 1_000;

/**
 * Keeps the dataplane processes running and told. Pods are spread over them by the number of their namespace, which
 * never changes, so a restart of one concerns its own pods only.
 */
export class DataplaneSupervisor {
  readonly #options: SupervisorOptions;
  readonly #slots: readonly Slot[];
  /** Namespaces that another agent accepts for. */
  readonly #ceded = new Set<NamespaceId>();
  readonly #hangs: HangWatch;
  #looking: NodeJS.Timeout | null = null;
  #stopping = false;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#hangs = new HangWatch(options.hangTimeoutMs);
    this.#slots = Array.from({ length: options.count }, (_, index) => newSlot(index, options));
  }

  start(): void {
    for (const slot of this.#slots) this.#spawn(slot);
    this.#looking = setInterval(() => this.#hangs.look(this.#slots), HANG_TICK_MS);
  }

  /** Tells all dataplanes and remembers it for those to come. */
  cluster(delta: ClusterDelta): void {
    this.#options.snapshot.apply(delta);
    this.#broadcast(delta);
  }

  synced(): void {
    this.#options.snapshot.setSynced();
    this.#broadcast({ kind: 'synced' });
  }

  issuers(issuers: readonly IssuerKeys[]): void {
    this.#options.snapshot.setIssuers(issuers);
    this.#broadcast({ kind: 'issuers', issuers });
  }

  /** What can be learnt from has become more: all dataplanes are told. */
  tellLearned(): void {
    const learned = this.#options.learned();
    for (const { child } of this.#slots) child?.tell(learned);
  }

  streamAll(on: boolean): void {
    this.#options.snapshot.setStreamAll(on);
    this.#broadcast({ kind: 'stream-all', on });
  }

  /** Tells each dataplane, but the one it comes from, what concerns workloads that have a pod there. */
  news(news: News, from: number | null): void {
    for (const slot of this.#slots) {
      if (slot.index === from || slot.child === null) continue;
      const heard = newsFor(news, this.#workloadsOf(slot));
      if (heard !== null) slot.child.send({ kind: 'news', ...heard });
    }
  }

  /** A namespace has been enrolled: its dataplane is told of the owner, then handed the listeners. */
  enrol(ns: NamespaceId, caller: CallerState): void {
    this.caller(ns, caller);
    const { child } = this.#slotOf(ns);
    if (child !== null) void this.#handListeners(child, ns, 'all');
  }

  caller(ns: NamespaceId, caller: CallerState): void {
    this.#options.snapshot.setCaller(ns, caller);
    this.#slotOf(ns).child?.send({ kind: 'caller', ns, caller });
  }

  /** Another agent accepts for these namespaces from now on; connections that are open stay here. */
  cede(namespaces: readonly NamespaceId[]): void {
    for (const ns of namespaces) {
      this.#ceded.add(ns);
      this.#slotOf(ns).child?.send({ kind: 'stop-listening', ns });
    }
  }

  /** What comes to that pod is to be accepted at other listeners from now on, or at none any more. */
  inbound(ns: NamespaceId): void {
    const { child } = this.#slotOf(ns);
    if (child !== null) void this.#handListeners(child, ns, 'inbound');
  }

  /** That pod is asked for something on connections from before it was observed. */
  unseen(ns: NamespaceId): void {
    this.#slotOf(ns).child?.send({ kind: 'unseen', ns });
  }

  /** That agent is gone: accepts again for all that was ceded to it. */
  reclaim(): void {
    const namespaces = [...this.#ceded];
    this.#ceded.clear();
    if (this.#stopping) return;
    for (const ns of namespaces) {
      const { child } = this.#slotOf(ns);
      if (child !== null) void this.#handListeners(child, ns, 'all');
    }
  }

  /** It is not intercepted any more. Where the pod lives on, its open connections do, too. */
  gone(ns: NamespaceId, podLives: boolean): void {
    this.#ceded.delete(ns);
    this.#options.snapshot.forget(ns);
    this.#slotOf(ns).child?.send({ kind: 'namespace-gone', ns, podLives });
  }

  /** Index of the dataplane that serves this namespace. */
  dataplaneOf(ns: NamespaceId): number {
    return ns % this.#slots.length;
  }

  /** True once every dataplane serves. */
  get serving(): boolean {
    return this.#slots.every(({ state }) => state === 'serving');
  }

  get states(): readonly DataplaneState[] {
    const now = performance.now();
    return this.#slots.map((slot) => stateOf(slot, now));
  }

  /** Lets open exchanges finish for up to `graceMs`, then ends every dataplane. */
  async drain(graceMs: number): Promise<void> {
    this.#stopping = true;
    if (this.#looking !== null) clearInterval(this.#looking);
    await Promise.all(this.#slots.map((slot) => this.#drainOne(slot, graceMs)));
  }

  /** Does not wait for open exchanges any longer; for while `drain` does. */
  hurry(): void {
    this.#broadcast({ kind: 'drain', graceMs: 0 });
  }

  /** Those that have a pod here, as `provenanceKey` names them; some more than once. */
  *workloads(): Generator<string> {
    for (const caller of this.#options.snapshot.callers.values())
      if (caller.state === 'known') yield provenanceKey(caller.workload);
  }

  *#workloadsOf(slot: Slot): Generator<Workload> {
    for (const [ns, caller] of this.#options.snapshot.callers)
      if (caller.state === 'known' && this.#slotOf(ns) === slot) yield caller.workload;
  }

  #namespacesOf(slot: Slot): NamespaceId[] {
    return [...this.#options.snapshot.callers.keys()].filter((ns) => this.#slotOf(ns) === slot);
  }

  #slotOf(ns: NamespaceId): Slot {
    const slot = this.#slots[this.dataplaneOf(ns)];
    if (slot === undefined) throw new RangeError(`no dataplane for namespace ${ns}`);
    return slot;
  }

  #broadcast(message: ToDataplane): void {
    for (const { child } of this.#slots) child?.send(message);
  }

  #spawn(slot: Slot): void {
    slot.timer = null;
    slot.state = 'starting';
    slot.startedAt = performance.now();
    const child = new DataplaneChild(this.#options.command, {
      report: (message) => this.#report(slot, child, message),
      ended: (why) => this.#ended(slot, why),
    });
    slot.child = child;
    this.#brief(slot, child);
  }

  /**
   * Everything a fresh process has to know, in order. The listeners come last, so that whoever it accepts finds all
   * policies and services known.
   */
  #brief(slot: Slot, child: DataplaneChild): void {
    const { settings, snapshot } = this.#options;
    child.send({ kind: 'settings', settings });
    for (const message of snapshot.replay((ns) => this.#slotOf(ns) === slot)) child.send(message);
    child.tell(this.#options.learned());
    for (const ns of this.#namespacesOf(slot)) void this.#handListeners(child, ns, 'all');
  }

  async #handListeners(child: DataplaneChild, ns: NamespaceId, only: Direction | 'all'): Promise<void> {
    if (this.#ceded.has(ns)) return;
    await this.#hand(child, ns, (fd) => this.#options.descriptors.sendListeners(ns, only, fd));
  }

  /**
   * Has descriptors of a namespace put into the channel, then tells the child to look. Tries again, since what fails
   * passes: the channel is full, or descriptors are short. Without them the pod's connections would wait for ever.
   */
  async #hand(
    child: DataplaneChild,
    ns: NamespaceId,
    send: (channelFd: number) => Promise<void>,
  ): Promise<void> {
    for (;;) {
      if (!child.alive || !this.#options.snapshot.callers.has(ns)) return;
      const problem = await child.channel.use(send).then(
        () => null,
        (error: Error) => error.message,
      );
      child.send({ kind: 'fds' });
      if (problem === null) return;
      this.#options.log.warn(
        { pid: child.pid, ns, problem },
        'descriptors could not be handed over; trying again',
      );
      await sleep(HAND_RETRY_MS);
    }
  }

  #report(slot: Slot, child: DataplaneChild, message: FromDataplane): void {
    slot.heardAt = performance.now();
    switch (message.kind) {
      case 'ready':
        slot.state = 'serving';
        this.#logReady(slot, child);
        if (this.serving) this.#options.onServing();
        break;
      case 'need-sockets':
        this.#needSockets(slot, child, message);
        break;
      case 'totals':
        // The last word of one that has ended says nothing of the one after it.
        if (child.alive) slot.totals = message.totals;
        this.#options.onReport(message, slot.index);
        break;
      case 'records':
      case 'findings':
      case 'quarantine':
      case 'catalog':
        this.#options.onReport(message, slot.index);
        break;
      case 'beat':
        // Its last word may be read only after it has ended.
        if (child.alive) this.#options.onBeat(message.namespaces.filter((ns) => this.#slotOf(ns) === slot));
        break;
      case 'proof':
        if (this.#slotOf(message.ns) === slot)
          this.#options.onProof(message.ns, message.family, message.port);
        break;
      case 'lease-asks':
        this.#options.onAsks(message.asks, (answer) => child.send(answer));
        break;
      case 'inbound-wanted':
        if (this.#slotOf(message.ns) === slot) this.#options.onInboundWanted(message.ns, message.wanted);
        break;
      case 'learned':
        this.#options.onLearned(message, slot.index);
        break;
      case 'news':
        this.#options.onNews({ ...message, ...newsOf(message, this.#workloadsOf(slot)) }, slot.index);
        break;
      case 'drained':
        child.kill('drained');
        break;
    }
  }

  #needSockets(
    slot: Slot,
    child: DataplaneChild,
    { ns, direction, family, count }: Extract<FromDataplane, { kind: 'need-sockets' }>,
  ): void {
    // Sockets act as the pod: a dataplane gets those of its own pods and of nobody else's.
    if (this.#slotOf(ns) !== slot) {
      child.kill(`asked for sockets of namespace ${ns}, which it does not serve`);
      return;
    }
    if (!this.#options.snapshot.callers.has(ns)) return;
    void this.#hand(child, ns, (fd) =>
      this.#options.descriptors.sendSockets({ ns, direction, family, count }, fd),
    );
  }

  #logReady(slot: Slot, child: DataplaneChild): void {
    const status = child.status();
    const { log } = this.#options;
    log.info({ dataplane: slot.index, pid: child.pid, uid: status?.uid }, 'dataplane serves');
    if (status !== null && !isPowerless(status)) {
      log.error(
        { dataplane: slot.index, pid: child.pid },
        'dataplane holds privileges that it should not have',
      );
    }
  }

  #ended(slot: Slot, why: string): void {
    childEnded(slot, why);
    if (this.#stopping) {
      slot.state = 'stopped';
      slot.onStopped?.();
      return;
    }
    this.#options.onUnserved(this.#namespacesOf(slot));
    slot.state = 'waiting';
    slot.restarts++;
    const delayMs = restartDelay(slot, performance.now());
    this.#options.log.warn(
      { dataplane: slot.index, why, delayMs: Math.round(delayMs) },
      'dataplane ended; restarting',
    );
    slot.timer = setTimeout(() => this.#spawn(slot), delayMs);
  }

  #drainOne(slot: Slot, graceMs: number): Promise<void> {
    if (slot.timer !== null) clearTimeout(slot.timer);
    const { child } = slot;
    if (child === null) {
      slot.state = 'stopped';
      return Promise.resolve();
    }
    child.send({ kind: 'drain', graceMs });
    const deadline = setTimeout(() => child.kill('did not drain in time'), graceMs + DRAIN_SLACK_MS);
    return new Promise<void>((resolve) => {
      slot.onStopped = resolve;
    }).finally(() => clearTimeout(deadline));
  }
}
