import { closeSync } from 'node:fs';
import type { Family, NamespaceId } from '../ipc/messages.ts';
import { systemClock } from '../kernel/clock.ts';
import type { Fd } from '../kernel/libc.ts';
import { err, type Result } from '../kernel/result.ts';
import { type CaptureTools, Enrolment, interfacesHere } from './enrolment.ts';
import { type Abilities, probeAbilities, randomMark } from './exemption.ts';
import { NetnsDoor } from './inside.ts';
import { Netns } from './netns.ts';
import { NetnsDirectory } from './netns-directory.ts';
import { PairingBoard } from './pairing-board.ts';
import type { CaptureEvent, CaptureOptions, LocalPods } from './protocol.ts';
import type { Exemption } from './rules.ts';
import { sendSockets } from './socket-batches.ts';
import { Turnstile } from './turnstile.ts';

/** Namespaces found at the start are enrolled a few at a time; those that appear later do not wait for anybody. */
const CATCH_UP = 4;
const FIRST_LOOK_MS = 10;
const MAX_LOOK_MS = 1_000;
const LOOKS = 40;
const DRAIN_CHECK_MS = 500;
/** How long a listener stays open, at most, for connections that were redirected before the rules went. */
const QUEUE_CHECKS = 40;
const QUEUE_CHECK_MS = 50;

type Emit = (event: CaptureEvent) => void;

/** Everything that happens to the network namespaces of this node's pods. Runs on the capture thread. */
export class Capture {
  readonly #options: CaptureOptions;
  readonly #emit: Emit;
  readonly #door: NetnsDoor;
  readonly #abilities: Abilities;
  readonly #directory: NetnsDirectory;
  readonly #board: PairingBoard;
  readonly #known = new Map<number, Netns>();
  readonly #catchUp = new Turnstile(CATCH_UP);
  readonly #reconciling = new Turnstile(1);
  readonly #timers = new Set<NodeJS.Timeout>();
  #reconcileTimer: NodeJS.Timeout | null = null;
  #lastId: NamespaceId = 0;
  #stopped = false;

  private constructor(options: CaptureOptions, emit: Emit, able: { door: NetnsDoor; abilities: Abilities }) {
    this.#options = options;
    this.#emit = emit;
    this.#door = able.door;
    this.#abilities = able.abilities;
    this.#board = new PairingBoard(systemClock, options.excludedNamespaces);
    this.#directory = new NetnsDirectory(options.netnsDir, {
      appeared: (path, opened, atStart) => this.#appeared(path, opened, atStart),
      gone: (path, inode) => this.#pathGone(path, inode),
      problem: (problem) => emit({ kind: 'directory', problem }),
    });
  }

  /** Must be called on the thread that will enter namespaces, while it is home. */
  static async start(options: CaptureOptions, emit: Emit): Promise<Capture> {
    const door = new NetnsDoor();
    const abilities = await probeAbilities(door, options.exemption);
    const { exemption, iptables, problem } = abilities;
    emit({ kind: 'ready', exemption, iptables: iptables?.variant ?? null, problem });
    const capture = new Capture(options, emit, { door, abilities });
    capture.#directory.start();
    capture.#scheduleReconcile();
    return capture;
  }

  setLocal(local: LocalPods): void {
    this.#board.setLocal(local);
    // A pod that is new to us has had its address for a while; its namespace may have been seen without.
    for (const netns of this.#known.values()) if (netns.owner.state === 'unclaimed') this.#look(netns);
    this.#pair();
  }

  sendSockets(order: {
    ns: NamespaceId;
    family: Family;
    count: number;
    channelFd: Fd;
  }): Result<null, string> {
    const netns = [...this.#known.values()].find(
      ({ enrolment, draining }) => enrolment?.id === order.ns || draining?.id === order.ns,
    );
    const enrolment = netns?.enrolment ?? netns?.draining;
    if (netns === undefined || !enrolment) return err(`namespace ${order.ns} is not enrolled`);
    return sendSockets(this.#door, { ...order, netns: netns.fd, exemption: enrolment.exemption });
  }

  /** Looks at everything now. One look at a time, and the next regular one an interval later. */
  reconcile(): Promise<void> {
    return this.#reconciling.run(() => this.#reconcile());
  }

  /** Stops following; rules and listeners stay as they are. */
  release(): void {
    this.#stopped = true;
    this.#directory.stop();
    for (const timer of this.#timers) clearTimeout(timer);
    if (this.#reconcileTimer !== null) clearTimeout(this.#reconcileTimer);
  }

  /** Stops, and removes every rule of ours. The error names the namespaces where that failed. */
  async uninstall(): Promise<Result<null, string>> {
    this.release();
    const problems: string[] = [];
    await Promise.all(
      [...this.#known.values()].map((netns) =>
        this.#catchUp.run(() =>
          netns.turn.run(async () => {
            const removed = await (netns.enrolment ?? netns.draining)?.remove();
            if (removed?.ok === false) problems.push(`\`${netns.path}\`: ${removed.error}`);
          }),
        ),
      ),
    );
    return problems.length === 0 ? { ok: true, value: null } : err(problems.join('; '));
  }

  #appeared(path: string, opened: { readonly fd: Fd; readonly inode: number }, atStart: boolean): void {
    const known = this.#known.get(opened.inode);
    if (known !== undefined || opened.inode === this.#door.home.inode) {
      closeSync(opened.fd);
      known?.paths.add(path);
      return;
    }
    const netns = new Netns(opened, !atStart, systemClock.monotonic());
    netns.paths.add(path);
    this.#known.set(opened.inode, netns);
    void (atStart ? this.#catchUp.run(() => this.#enrol(netns)) : this.#enrol(netns));
  }

  #pathGone(path: string, inode: number): void {
    const netns = this.#known.get(inode);
    netns?.paths.delete(path);
    if (netns === undefined || netns.paths.size > 0) return;
    this.#known.delete(inode);
    this.#board.forget(netns);
    void netns.turn.run(async () => {
      const id = (netns.enrolment ?? netns.draining)?.id;
      netns.enrolment = null;
      netns.draining = null;
      netns.closed = true;
      closeSync(netns.fd);
      if (id !== undefined) this.#emit({ kind: 'gone', ns: id, inode, reason: 'the namespace is gone' });
      this.#pair();
    });
  }

  async #enrol(netns: Netns): Promise<void> {
    await netns.turn.run(async () => {
      if (netns.closed || this.#stopped || netns.enrolment !== null) return;
      const before = netns.problem;
      this.#look(netns);
      const enrolled = await this.#tryEnrol(netns);
      if (enrolled.ok) {
        netns.enrolment = enrolled.value;
        netns.problem = null;
        this.#announce(netns, enrolled.value);
      } else {
        netns.problem = enrolled.error;
        if (before !== enrolled.error) {
          this.#emit({ kind: 'failed', inode: netns.inode, path: netns.path, problem: enrolled.error });
        }
      }
      // An attempt that failed may have left something behind.
      netns.untouched = false;
    });
    this.#pair();
    this.#lookUntilAddressed(netns, 0);
  }

  async #tryEnrol(netns: Netns): Promise<Result<Enrolment, string>> {
    const { nodeAddresses } = this.#options;
    if (netns.interfaces.addresses.some((address) => nodeAddresses.includes(address))) {
      return err('it is the network namespace of the node');
    }
    const tools = this.#tools();
    if (tools === null) return err(`nothing can be redirected on this node: ${this.#abilities.problem}`);
    return Enrolment.enrol(tools, {
      id: ++this.#lastId,
      netns: netns.fd,
      exemption: this.#exemption(),
      untouched: netns.untouched,
      interfaces: netns.interfaces,
    });
  }

  #announce({ inode, path, seenAt }: Netns, { id, listeners }: Enrolment): void {
    const tookMs = systemClock.monotonic() - seenAt;
    this.#emit({ kind: 'enrolled', ns: id, inode, path, listeners, tookMs });
  }

  /** Stops intercepting a pod that must not be: rules first, listeners when nobody waits at them. */
  async #withdraw(netns: Netns, reason: string): Promise<void> {
    const { enrolment } = netns;
    if (enrolment === null || this.#stopped) return;
    const withdrawn = await enrolment.withdraw();
    if (!withdrawn.ok) {
      netns.problem = `its rules can't be removed: ${withdrawn.error}`;
      return;
    }
    netns.optedOut = true;
    netns.problem = null;
    netns.enrolment = null;
    netns.draining = enrolment;
    await this.#queueEmpty(enrolment);
    this.#pair();
    this.#emit({ kind: 'gone', ns: enrolment.id, inode: netns.inode, reason });
    this.#after(DRAIN_CHECK_MS, () => void this.#finishDrain(netns, enrolment));
  }

  /** The last rule may go once no redirected connection needs conntrack. */
  async #finishDrain(netns: Netns, enrolment: Enrolment): Promise<void> {
    await netns.turn.run(async () => {
      if (netns.draining !== enrolment) return;
      const removed = enrolment.use().open === 0 && netns.enrolment === null && (await enrolment.remove()).ok;
      if (removed || netns.enrolment !== null) netns.draining = null;
      else this.#after(DRAIN_CHECK_MS, () => void this.#finishDrain(netns, enrolment));
    });
  }

  async #queueEmpty(enrolment: Enrolment): Promise<void> {
    for (let check = 0; check < QUEUE_CHECKS && enrolment.use().queued > 0; check++) {
      await new Promise<void>((resolve) => this.#after(QUEUE_CHECK_MS, resolve));
    }
  }

  async #reconcile(): Promise<void> {
    if (this.#stopped) return;
    const startedAt = systemClock.monotonic();
    this.#directory.rescan();
    let repaired = 0;
    let failed = 0;
    // One after the other: a pod that appears meanwhile finds the machine free.
    for (const netns of [...this.#known.values()]) {
      this.#look(netns);
      if (netns.enrolment === null && !netns.optedOut) await this.#enrol(netns);
      else if (await netns.turn.run(() => this.#verify(netns))) repaired++;
      if (netns.problem !== null) failed++;
    }
    this.#pair();
    const tookMs = systemClock.monotonic() - startedAt;
    this.#emit({ kind: 'reconciled', namespaces: this.#known.size, repaired, failed, tookMs });
    this.#scheduleReconcile();
  }

  /** True when something had to be put right. */
  async #verify(netns: Netns): Promise<boolean> {
    const { enrolment } = netns;
    if (enrolment === null || netns.closed || this.#stopped) return false;
    const verified = await enrolment.verify(netns.interfaces);
    netns.problem = verified.ok ? null : verified.error;
    if (!verified.ok || verified.value.length === 0) return false;
    this.#emit({ kind: 'repaired', ns: enrolment.id, what: verified.value });
    return true;
  }

  /** Pairs anew, reports, and enrols or withdraws where the owner's will is another one now. */
  #pair(): void {
    if (this.#stopped) return;
    const all = [...this.#known.values()];
    const report = this.#board.update(all);
    if (report !== null) this.#emit(report);
    for (const netns of all) {
      const { owner } = netns;
      if (owner.state === 'opted-out' && netns.enrolment !== null) {
        void netns.turn.run(() => this.#withdraw(netns, owner.reason));
      } else if (owner.state === 'paired' && netns.optedOut) {
        netns.optedOut = false;
        void this.#enrol(netns);
      }
    }
  }

  /** A namespace gets its addresses only after it has been mounted, and nothing tells of it. */
  #lookUntilAddressed(netns: Netns, looked: number): void {
    if (netns.closed || netns.interfaces.addresses.length > 0 || looked >= LOOKS) return;
    this.#after(Math.min(FIRST_LOOK_MS * 2 ** looked, MAX_LOOK_MS), () => {
      this.#look(netns);
      if (netns.interfaces.addresses.length > 0) this.#addressed(netns);
      this.#lookUntilAddressed(netns, looked + 1);
    });
  }

  #addressed(netns: Netns): void {
    void netns.turn.run(async () => {
      await netns.enrolment?.settle(netns.interfaces);
      this.#pair();
    });
  }

  #look(netns: Netns): void {
    if (netns.closed) return;
    const seen = this.#door.inside(netns.fd, interfacesHere);
    if (seen.ok) netns.interfaces = seen.value;
  }

  #tools(): CaptureTools | null {
    const { iptables } = this.#abilities;
    return iptables === null ? null : { door: this.#door, iptables };
  }

  #exemption(): Exemption {
    const { exemption } = this.#abilities;
    return exemption.kind === 'cgroup' ? exemption : { kind: 'mark', mark: randomMark() };
  }

  #scheduleReconcile(): void {
    if (this.#reconcileTimer !== null) clearTimeout(this.#reconcileTimer);
    if (this.#stopped) return;
    this.#reconcileTimer = setTimeout(() => void this.reconcile(), this.#options.reconcileIntervalMs);
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
