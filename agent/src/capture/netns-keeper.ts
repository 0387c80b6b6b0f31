import { closeSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { canonicalIp } from '../identity/ip.ts';
import type { NamespaceId } from '../ipc/messages.ts';
import type { Clock } from '../kernel/clock.ts';
import { closeFd } from '../kernel/libc.ts';
import { err, ok, type Result } from '../kernel/result.ts';
import type { Abilities } from './abilities.ts';
import { attemptsOf } from './attempts.ts';
import { Enrolment } from './enrolment.ts';
import type { CaptureTools, Will } from './enrolment-place.ts';
import type { NetnsDoor } from './inside.ts';
import { isLinkLocal } from './interfaces.ts';
import { interfacesHere } from './interfaces-here.ts';
import { clearLeftovers, isClean } from './leftovers.ts';
import type { Netns } from './netns.ts';
import { type CaptureEvent, type Freed, type Inheritance, NO_PROOFS } from './protocol.ts';
import type { QuicMode } from './quic-mode.ts';
import { randomMark } from './random-mark.ts';
import type { Changed, RuleEngine } from './rule-engine.ts';
import type { Exemption, FailMode } from './wish.ts';

const FIRST_LOOK_MS = 10;
const MAX_LOOK_MS = 1_000;
const LOOKS = 40;
const DRAIN_CHECK_MS = 500;
/** How long a listener stays open, at most, for connections that were redirected before the rules went. */
const QUEUE_CHECKS = 40;
const QUEUE_CHECK_MS = 50;

export interface KeeperOptions {
  readonly door: NetnsDoor;
  readonly abilities: Abilities;
  readonly nodeAddresses: readonly string[];
  readonly failMode: FailMode;
  readonly quic: QuicMode;
  readonly gateTimeoutMs: number;
  readonly packetGuard: boolean;
  readonly clock: Clock;
  readonly emit: (event: CaptureEvent) => void;
  /** Something that pairing or its report depends on is another one now. */
  readonly onChange: () => void;
  /** Whether its owner is known, and does not want it intercepted; to be asked when its interfaces have been read. */
  readonly optsOut: (netns: Netns) => boolean;
}

/** Does to one namespace at a time what was decided about it, one thing after the other. */
export class NetnsKeeper {
  readonly #options: KeeperOptions;
  readonly #timers = new Set<NodeJS.Timeout>();
  #lastId: NamespaceId = 0;
  #stopped = false;
  /** Another agent is in charge of rules and listeners. */
  #aside = false;
  #nodeAddresses: readonly string[] = [];

  constructor(options: KeeperOptions) {
    this.#options = options;
    this.setHostAddresses([]);
  }

  /** What the pods of this node say of their host, beside what this process sees of it. */
  setHostAddresses(addresses: readonly string[]): void {
    const all = [...this.#options.nodeAddresses, ...addresses];
    const canonical = all.map(canonicalIp).filter((ip) => ip !== null);
    this.#nodeAddresses = [...new Set(canonical)].filter((ip) => !isLinkLocal(ip)).sort();
  }

  /** Nothing new is begun. */
  stop(): void {
    this.#stopped = true;
    for (const timer of this.#timers) clearTimeout(timer);
  }

  /** Another agent takes over: nothing is changed any more, while sockets are still made. */
  stepAside(): void {
    this.#aside = true;
  }

  /** It has ended. */
  stepBack(): void {
    this.#aside = false;
  }

  /** Agents before this one are gone. */
  async retireFormer(netns: Netns): Promise<void> {
    await netns.turn.run(async () => {
      if (netns.closed || this.#idle) return;
      const retired = await netns.enrolment?.retireFormer(netns.interfaces);
      if (retired?.ok === false) this.#failed(netns, retired.error);
    });
  }

  /** Nobody accepts any more: what becomes of new connections is up to the fail mode, and to `whom`. */
  lapse(netns: Netns, whom: Freed): Promise<unknown> {
    return netns.turn.run(async () => {
      const { enrolment } = netns;
      if (netns.closed || enrolment === null) return;
      await enrolment.lapse(whom);
      // Whoever accepts stops with this: who came before would wait there, and be reset in the end.
      await this.#queueEmpty(enrolment, 'any');
    });
  }

  /** Reads the interfaces of a namespace. */
  look(netns: Netns): void {
    if (netns.closed) return;
    const seen = this.#options.door.inside(netns.fd, interfacesHere);
    if (seen.ok) netns.interfaces = seen.value;
  }

  /** Puts listeners and rules in place, or records why that is not possible. */
  async enrol(netns: Netns): Promise<void> {
    await netns.turn.run(async () => {
      if (netns.closed || this.#idle || netns.enrolment !== null) return;
      this.look(netns);
      netns.optedOut = this.#canBeLeftAlone(netns) && this.#options.optsOut(netns);
      netns.mayHaveOthers = !netns.untouched;
      if (netns.optedOut) {
        const left = await this.#clearOthers(netns);
        if (left !== null) this.#failed(netns, left);
        return;
      }
      const enrolled = await this.#tryEnrol(netns);
      // Before anybody accepts by the new rules: the others would send what it dials back to it.
      const left = enrolled.ok ? await this.#clearOthers(netns) : null;
      netns.inheritance = null;
      // An attempt that failed may have left something behind.
      netns.untouched = false;
      if (enrolled.ok) this.#enrolled(netns, enrolled.value);
      else this.#failed(netns, enrolled.error);
      if (left !== null) this.#failed(netns, left);
    });
    this.#options.onChange();
    this.#lookUntilAddressed(netns, 0);
  }

  /** The dataplane that serves it is alive. */
  beat(netns: Netns): void {
    if (this.#idle || netns.enrolment === null || netns.enrolment.beat()) return;
    // Somebody has changed rules; whether it was ours has to be looked at.
    void this.verify(netns);
  }

  /** The dataplane that served it has ended. */
  unserve({ enrolment }: Netns): void {
    if (!this.#idle) enrolment?.unserve();
  }

  /** Applies what its interfaces and its owner ask for now. */
  async settle(netns: Netns): Promise<void> {
    const { enrolment } = netns;
    const will = this.#willOf(netns);
    if (enrolment === null || enrolment.isSettled(netns.interfaces, will)) return;
    const done = await netns.turn.run(async () => {
      if (netns.closed || this.#idle || netns.enrolment === null) return false;
      const settled = await this.#tellOfInbound(netns.enrolment, (enrolled) =>
        enrolled.settle(netns.interfaces, will),
      );
      if (!settled.ok) this.#failed(netns, settled.error);
      else this.#repaired(netns.enrolment, settled.value);
      return settled.ok;
    });
    // What has failed is tried again at the next reconcile, and not at once and for ever.
    if (done) this.#options.onChange();
  }

  /** Puts right what was changed; true when anything was. */
  verify(netns: Netns): Promise<boolean> {
    return netns.turn.run(async () => {
      const { enrolment } = netns;
      if (enrolment === null || netns.closed || this.#idle) return false;
      const verified = await this.#tellOfInbound(enrolment, (enrolled) => enrolled.verify(netns.interfaces));
      // Not before ours are there again: nothing is to get past both.
      const others = await this.#clearOthers(netns);
      netns.problem = verified.ok ? others : verified.error;
      netns.attempts = attemptsOf(enrolment.counters());
      this.#tellOfUnseen(enrolment);
      return verified.ok && this.#repaired(enrolment, verified.value);
    });
  }

  /** Stops intercepting a pod that must not be: rules first, listeners when nobody waits at them. */
  withdraw(netns: Netns, reason: string): Promise<void> {
    return netns.turn.run(async () => {
      const { enrolment } = netns;
      if (enrolment === null || netns.closed || this.#idle) return;
      const withdrawn = await enrolment.withdraw();
      netns.problem = withdrawn.ok ? null : `its rules can't be removed: ${withdrawn.error}`;
      if (!withdrawn.ok) return;
      netns.optedOut = true;
      netns.enrolment = null;
      netns.draining.add(enrolment);
      await this.#queueEmpty(enrolment, 'any');
      this.#options.onChange();
      this.#options.emit({ kind: 'gone', ns: enrolment.id, inode: netns.inode, reason, podLives: true });
      this.#after(DRAIN_CHECK_MS, () => void this.#finishDrain(netns, enrolment));
    });
  }

  /** What was handed over for a namespace that is gone. */
  disinherit({ inode, listeners }: Inheritance): void {
    for (const { fd } of listeners) closeFd(fd);
    this.#options.emit({ kind: 'failed', inode, path: '', problem: 'the namespace is gone' });
  }

  /** The runtime has taken the namespace away. */
  forget(netns: Netns): Promise<void> {
    return netns.turn.run(async () => {
      if (netns.inheritance !== null) this.disinherit(netns.inheritance);
      netns.inheritance = null;
      const id = netns.enrolment?.id;
      netns.enrolment?.close();
      for (const draining of netns.draining) draining.close();
      netns.enrolment = null;
      netns.draining.clear();
      netns.closed = true;
      closeSync(netns.fd);
      const { emit, onChange } = this.#options;
      if (id !== undefined) {
        emit({ kind: 'gone', ns: id, inode: netns.inode, reason: 'the namespace is gone', podLives: false });
      }
      onChange();
    });
  }

  /** Removes every rule of ours, also under connections that are still open. */
  remove(netns: Netns): Promise<Result<unknown, string>> {
    return netns.turn.run(async () => {
      const enrolment = netns.enrolment ?? [...netns.draining].at(-1);
      if (enrolment !== undefined) return enrolment.remove();
      // Whose it is may not be known yet.
      this.look(netns);
      const clean = netns.untouched || netns.closed || this.#isOfNode(netns);
      return clean ? ok(null) : clearLeftovers(this.#engines, netns.fd);
    });
  }

  /** Nothing of ours is there that would have to be removed. */
  #canBeLeftAlone({ fd, inheritance, untouched }: Netns): boolean {
    const { engine } = this.#options.abilities;
    return inheritance === null && (untouched || (engine !== null && isClean(engine, fd)));
  }

  get #engines(): readonly RuleEngine[] {
    const { engine, otherEngines } = this.#options.abilities;
    return engine === null ? [] : [engine, ...otherEngines];
  }

  async #tryEnrol(netns: Netns): Promise<Result<Enrolment, string>> {
    const { abilities } = this.#options;
    if (this.#isOfNode(netns)) return err('it is the network namespace of the node');
    const tools = this.#tools();
    if (tools === null) return err(`nothing can be redirected on this node: ${abilities.problem}`);
    const { inheritance } = netns;
    return Enrolment.enrol(tools, {
      id: ++this.#lastId,
      netns: netns.fd,
      exemption: this.#exemption(inheritance),
      inheritance,
      will: this.#willOf(netns),
      untouched: netns.untouched,
      interfaces: netns.interfaces,
    });
  }

  /** Removes rules of kinds that are not ours; why that is not possible. */
  async #clearOthers(netns: Netns): Promise<string | null> {
    if (!netns.mayHaveOthers) return null;
    const cleared = await clearLeftovers(this.#options.abilities.otherEngines, netns.fd);
    netns.mayHaveOthers = !cleared.ok;
    return cleared.ok ? null : cleared.error;
  }

  #isOfNode({ interfaces }: Netns): boolean {
    return interfaces.addresses.some((address) => this.#options.nodeAddresses.includes(address));
  }

  #enrolled(netns: Netns, enrolment: Enrolment): void {
    netns.enrolment = enrolment;
    netns.problem = null;
    netns.proofs = NO_PROOFS;
    netns.proofDueAt = null;
    netns.doubts.clear();
    const { inode, path, seenAt } = netns;
    const { id: ns, listeners, estate } = enrolment;
    const tookMs = this.#options.clock.monotonic() - seenAt;
    this.#options.emit({ kind: 'enrolled', ns, inode, path, listeners, estate, tookMs });
  }

  #repaired({ id: ns }: Enrolment, what: Changed): boolean {
    if (what.length > 0) this.#options.emit({ kind: 'repaired', ns, what });
    return what.length > 0;
  }

  #failed(netns: Netns, problem: string): void {
    const { inode, path } = netns;
    if (netns.problem !== problem) this.#options.emit({ kind: 'failed', inode, path, problem });
    netns.problem = problem;
  }

  /** A namespace gets its addresses only after it has been mounted, and nothing tells of it. */
  #lookUntilAddressed(netns: Netns, looked: number): void {
    if (netns.closed || netns.interfaces.addresses.length > 0 || looked >= LOOKS) return;
    this.#after(Math.min(FIRST_LOOK_MS * 2 ** looked, MAX_LOOK_MS), () => {
      this.look(netns);
      if (netns.interfaces.addresses.length > 0) this.#addressed(netns);
      this.#lookUntilAddressed(netns, looked + 1);
    });
  }

  #addressed(netns: Netns): void {
    void this.settle(netns);
    this.#options.onChange();
  }

  /** Does something to an enrolment, and says so when it has other listeners for what comes to the pod then. */
  async #tellOfInbound<T>(enrolment: Enrolment, work: (enrolment: Enrolment) => Promise<T>): Promise<T> {
    const before = enrolment.inboundListeners;
    const result = await work(enrolment);
    const { id: ns, inboundListeners: listeners } = enrolment;
    if (listeners === before) return result;
    if (listeners.length === 0) await this.#queueEmpty(enrolment, 'inbound');
    this.#options.emit({ kind: 'inbound', ns, listeners });
    this.#tellOfUnseen(enrolment);
    return result;
  }

  #tellOfUnseen(enrolment: Enrolment): void {
    if (enrolment.hasUnseenArrivals()) this.#options.emit({ kind: 'unseen', ns: enrolment.id });
  }

  async #queueEmpty(enrolment: Enrolment, direction: 'inbound' | 'any'): Promise<void> {
    for (let check = 0; check < QUEUE_CHECKS && enrolment.use(direction).queued > 0; check++) {
      if (this.#stopped) return;
      await pause(QUEUE_CHECK_MS);
    }
  }

  /** The last rule may go once no redirected connection needs conntrack, also none of an enrolment before. */
  #finishDrain(netns: Netns, enrolment: Enrolment): Promise<void> {
    return netns.turn.run(async () => {
      if (!netns.draining.has(enrolment) || this.#stopped) return;
      const over = !this.#aside && (await this.#endDrain(netns, enrolment));
      if (!over) this.#after(DRAIN_CHECK_MS, () => void this.#finishDrain(netns, enrolment));
    });
  }

  async #endDrain({ draining, enrolment: current }: Netns, enrolment: Enrolment): Promise<boolean> {
    if (enrolment.use().open > 0) return false;
    // What is there is as the latest has left it, so that one removes it, and stays until all others are over.
    const isLatest = current === null && [...draining].at(-1) === enrolment;
    if (isLatest && (draining.size > 1 || !(await enrolment.remove()).ok)) return false;
    draining.delete(enrolment);
    enrolment.close();
    return true;
  }

  #tools(): CaptureTools | null {
    const { door, abilities, clock, gateTimeoutMs, packetGuard } = this.#options;
    const { engine, zoneProblem } = abilities;
    const apart = zoneProblem === null;
    return engine === null ? null : { door, engine, clock, gateTimeoutMs, packetGuard, apart };
  }

  #willOf({ failMode, quicMode, wantsInbound }: Netns): Will {
    return {
      failMode: failMode?.mode ?? this.#options.failMode,
      quic: quicMode?.mode ?? this.#options.quic,
      inbound: wantsInbound && this.#options.abilities.inboundProblem === null,
      nodeAddresses: this.#nodeAddresses,
    };
  }

  /** A mark that is inherited stays: sockets of the agent before us carry it. */
  #exemption(inheritance: Inheritance | null): Exemption {
    const { exemption } = this.#options.abilities;
    if (exemption.kind === 'cgroup') return exemption.exemption;
    const inherited = inheritance?.exemptions.find(({ kind }) => kind === 'mark');
    return inherited ?? { kind: 'mark', mark: randomMark() };
  }

  get #idle(): boolean {
    return this.#stopped || this.#aside;
  }

  #after(ms: number, work: () => void): void {
    if (this.#stopped) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      work();
    }, ms);
    this.#timers.add(timer);
  }
}
