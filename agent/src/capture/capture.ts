import { closeSync } from 'node:fs';
import type { Family, NamespaceId, SocketOrder } from '../ipc/messages.ts';
import { systemClock } from '../kernel/clock.ts';
import type { Fd } from '../kernel/libc.ts';
import { err, ok, type Result } from '../kernel/result.ts';
import { type Abilities, probeAbilities } from './abilities.ts';
import { NetnsDoor } from './inside.ts';
import { Netns } from './netns.ts';
import { NetnsDirectory } from './netns-directory.ts';
import { NetnsKeeper } from './netns-keeper.ts';
import { PairingBoard } from './pairing-board.ts';
import { ProofRounds } from './proof-rounds.ts';
import type { CaptureEvent, CaptureOptions, Freed, Inheritance, LocalPods } from './protocol.ts';
import { type Proof, Prover } from './prover.ts';
import { sendSockets } from './socket-batches.ts';
import { Turnstile } from './turnstile.ts';

/** Namespaces that were there before are enrolled a few at a time; those that are seen to come do not wait for anybody. */
const CATCH_UP = 4;

type Emit = (event: CaptureEvent) => void;

/**
 * Everything that happens to the network namespaces of this node's pods: finds them, has them enrolled before they are
 * known, pairs them with pods, and looks after them. Runs on the capture thread.
 */
export class Capture {
  readonly #options: CaptureOptions;
  readonly #emit: Emit;
  readonly #isUnable: boolean;
  readonly #door: NetnsDoor;
  readonly #keeper: NetnsKeeper;
  readonly #directory: NetnsDirectory;
  readonly #board: PairingBoard;
  readonly #prover: Prover;
  readonly #proofs: ProofRounds;
  readonly #known = new Map<number, Netns>();
  readonly #catchUp = new Turnstile(CATCH_UP);
  readonly #reconciling = new Turnstile(1);
  #reconcileTimer: NodeJS.Timeout | null = null;
  readonly #inherited = new Map<number, Inheritance>();
  #stopped = false;
  /** Another agent is in charge. */
  #aside = false;

  private constructor(options: CaptureOptions, emit: Emit, able: { door: NetnsDoor; abilities: Abilities }) {
    this.#options = options;
    this.#emit = emit;
    this.#door = able.door;
    this.#isUnable = able.abilities.problem !== null;
    this.#board = new PairingBoard(systemClock, options.excludedNamespaces, options);
    this.#keeper = new NetnsKeeper({
      ...able,
      nodeAddresses: options.nodeAddresses,
      failMode: options.failMode,
      quic: options.quic,
      gateTimeoutMs: options.gateTimeoutMs,
      packetGuard: able.abilities.guardProblem === null,
      clock: systemClock,
      emit,
      onChange: () => this.#pair(),
      optsOut: (netns) => this.#board.optsOut(netns, [...this.#known.values()]),
    });
    this.#prover = new Prover(able.door);
    this.#proofs = new ProofRounds({
      prover: this.#prover,
      clock: systemClock,
      intervalMs: options.proofIntervalMs,
      namespaces: () => (this.#aside ? [] : [...this.#known.values()].filter(isProvable)),
      onResult: (netns, family, proof) => this.#proven(netns, family, proof),
    });
    this.#directory = new NetnsDirectory(options.netnsDir, {
      appeared: (path, opened, isNew) => this.#appeared(path, opened, isNew),
      gone: (path, inode) => this.#pathGone(path, inode),
      problem: (problem) => emit({ kind: 'directory', problem }),
    });
  }

  /** Must be called on the thread that will enter namespaces, while it is home. */
  static async start(options: CaptureOptions, emit: Emit): Promise<Capture> {
    const door = new NetnsDoor();
    const abilities = await probeAbilities(door, options);
    emit(readyEvent(abilities));
    return new Capture(options, emit, { door, abilities });
  }

  /** Looks for namespaces from now on. Those of `inherited` are served by an agent before us until they are enrolled. */
  begin(inherited: readonly Inheritance[]): void {
    for (const one of inherited) this.#inherited.set(one.inode, one);
    this.#directory.start();
    this.#dropInherited();
    this.#proofs.start();
    this.#scheduleReconcile();
  }

  /** Changes nothing any more once it resolves, but goes on making sockets. */
  async stepAside(): Promise<void> {
    this.#aside = true;
    this.#keeper.stepAside();
    await Promise.all([...this.#known.values()].map(({ turn }) => turn.run(async () => {})));
    for (const { enrolment } of this.#known.values())
      if (enrolment !== null) this.#emit({ kind: 'estate', ns: enrolment.id, estate: enrolment.estate });
  }

  /** The agent that has taken over is gone: puts everything as it should be. */
  async stepBack(): Promise<void> {
    this.#aside = false;
    this.#keeper.stepBack();
    for (const netns of this.#known.values()) {
      netns.untouched = false;
      netns.mayHaveOthers = true;
      netns.enrolment?.resume();
    }
    await this.reconcile();
  }

  async retireFormer(): Promise<void> {
    await this.#each((netns) => this.#keeper.retireFormer(netns));
  }

  /** Nobody accepts any more: new connections go direct, or are refused where the fail mode says so and `whom` `open`. */
  async lapse(whom: Freed): Promise<void> {
    await this.stepAside();
    await this.#each((netns) => this.#keeper.lapse(netns, whom));
  }

  setLocal(local: LocalPods): void {
    this.#board.setLocal(local);
    this.#keeper.setHostAddresses(local.pods.flatMap(({ hostIPs }) => hostIPs));
    // A pod that is new to us has had its address for a while; its namespace may have been seen without.
    for (const netns of this.#known.values()) {
      if (netns.owner.state === 'unclaimed') this.#keeper.look(netns);
    }
    this.#pair();
  }

  /** Word of a dataplane that it is alive and accepts for these namespaces. */
  beat(namespaces: readonly NamespaceId[]): void {
    const alive = new Set(namespaces);
    for (const netns of this.#known.values()) {
      if (netns.enrolment !== null && alive.has(netns.enrolment.id)) this.#keeper.beat(netns);
    }
  }

  /** The dataplane that accepted for these namespaces has ended. */
  unserved(namespaces: readonly NamespaceId[]): void {
    const left = new Set(namespaces);
    for (const netns of this.#known.values()) {
      if (netns.enrolment !== null && left.has(netns.enrolment.id)) this.#keeper.unserve(netns);
    }
  }

  /** Word of a dataplane that a connection has come to it that was made to prove interception. */
  proved({ ns, family, port }: { ns: NamespaceId; family: Family; port: number }): void {
    this.#prover.proved(ns, family, port);
  }

  /** Word of a dataplane whether it wants to see what comes to that pod, for as long as nobody says otherwise. */
  inbound(ns: NamespaceId, wanted: boolean): void {
    for (const netns of this.#known.values()) {
      if (netns.enrolment?.id !== ns) continue;
      netns.inboundAsked = wanted;
      void this.#keeper.settle(netns);
    }
  }

  sendSockets(order: SocketOrder & { readonly channelFd: Fd }): Result<null, string> {
    for (const { fd, enrolment, draining } of this.#known.values()) {
      const found = [enrolment, ...draining].find((candidate) => candidate?.id === order.ns);
      if (found) return sendSockets(this.#door, { ...order, netns: fd, mark: found.socketMark });
    }
    return err(`namespace ${order.ns} is not enrolled`);
  }

  /** Looks at everything now. One round at a time, and the next regular one an interval later. */
  reconcile(): Promise<void> {
    return this.#reconciling.run(() => this.#reconcile());
  }

  /** Stops following; rules and listeners stay as they are, and fail modes take effect when no agent comes. */
  release(): void {
    this.#stop();
    for (const { enrolment, draining } of this.#known.values()) {
      enrolment?.close();
      for (const former of draining) former.close();
    }
  }

  /**
   * Stops, and removes every rule of ours; with `open` not from pods that are to be refused while nobody judges them.
   * The error names the namespaces where that failed.
   */
  async uninstall(whom: Freed): Promise<Result<null, string>> {
    this.#stop();
    const removals = [...this.#known.values()].map(async (netns) => {
      if (whom === 'open' && netns.enrolment?.failMode === 'closed') return [];
      const removed = await this.#catchUp.run(() => this.#keeper.remove(netns));
      return removed.ok ? [] : [`\`${netns.path}\`: ${removed.error}`];
    });
    const problems = (await Promise.all(removals)).flat();
    this.release();
    return problems.length === 0 ? ok(null) : err(problems.join('; '));
  }

  #stop(): void {
    this.#stopped = true;
    this.#directory.stop();
    this.#proofs.stop();
    this.#keeper.stop();
    if (this.#reconcileTimer !== null) clearTimeout(this.#reconcileTimer);
  }

  #appeared(path: string, opened: { readonly fd: Fd; readonly inode: number }, isNew: boolean): void {
    const known = this.#known.get(opened.inode);
    if (known !== undefined || opened.inode === this.#door.home.inode) {
      closeSync(opened.fd);
      known?.paths.add(path);
      return;
    }
    const netns = new Netns(opened, isNew, systemClock.monotonic());
    netns.paths.add(path);
    netns.inheritance = this.#inherited.get(opened.inode) ?? null;
    netns.inboundAsked =
      netns.inheritance?.listeners.some(({ direction }) => direction === 'inbound') ?? false;
    this.#inherited.delete(opened.inode);
    this.#known.set(opened.inode, netns);
    const enrol = () => this.#keeper.enrol(netns);
    void (isNew ? enrol() : this.#catchUp.run(enrol));
  }

  /** What an agent before us had in namespaces that are not there any more: nobody else would give it up. */
  #dropInherited(): void {
    if (!this.#directory.isRead) return;
    for (const inheritance of this.#inherited.values()) this.#keeper.disinherit(inheritance);
    this.#inherited.clear();
  }

  #pathGone(path: string, inode: number): void {
    const netns = this.#known.get(inode);
    netns?.paths.delete(path);
    if (netns === undefined || netns.paths.size > 0) return;
    this.#known.delete(inode);
    this.#board.forget(netns);
    void this.#keeper.forget(netns);
  }

  async #each(work: (netns: Netns) => Promise<unknown>): Promise<void> {
    await Promise.all([...this.#known.values()].map((netns) => this.#catchUp.run(() => work(netns))));
  }

  async #reconcile(): Promise<void> {
    if (this.#stopped) return;
    if (this.#aside) {
      this.#scheduleReconcile();
      return;
    }
    const startedAt = systemClock.monotonic();
    this.#directory.rescan();
    this.#dropInherited();
    let repaired = 0;
    let failed = 0;
    // One after the other: a pod that appears meanwhile finds the machine free.
    for (const netns of [...this.#known.values()]) {
      this.#keeper.look(netns);
      if (netns.enrolment === null && !netns.optedOut) await this.#keeper.enrol(netns);
      else if (await this.#keeper.verify(netns)) repaired++;
      if (netns.problem !== null) failed++;
    }
    this.#pair();
    const tookMs = systemClock.monotonic() - startedAt;
    this.#emit({ kind: 'reconciled', namespaces: this.#known.size, repaired, failed, tookMs });
    if (this.#isUnable) await this.#probeAgain();
    this.#scheduleReconcile();
  }

  /** A module may be loaded late, and a probe fail on a machine that has just started and is busy. */
  async #probeAgain(): Promise<void> {
    const { problem } = await probeAbilities(this.#door, this.#options);
    if (problem === null) this.#emit({ kind: 'able' });
  }

  #proven(netns: Netns, family: Family, proof: Proof): void {
    if (this.#stopped || netns.enrolment === null) return;
    const why = proof.state === 'failed' ? proof.why : null;
    this.#emit({ kind: 'proof', ns: netns.enrolment.id, family, why });
    this.#pair();
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
        void this.#keeper.withdraw(netns, owner.reason);
      } else if (owner.state === 'paired' && netns.optedOut && !this.#aside) {
        netns.optedOut = false;
        void this.#keeper.enrol(netns);
      } else void this.#keeper.settle(netns);
    }
  }

  #scheduleReconcile(): void {
    if (this.#reconcileTimer !== null) clearTimeout(this.#reconcileTimer);
    if (this.#stopped) return;
    this.#reconcileTimer = setTimeout(() => void this.reconcile(), this.#options.reconcileIntervalMs);
  }
}

/** Without an address a pod connects nowhere. */
const isProvable = ({ enrolment, interfaces }: Netns): boolean =>
  enrolment !== null && interfaces.addresses.length > 0;

function readyEvent({
  engine,
  exemption,
  zoneProblem,
  gateProblem,
  ownerProblem,
  guardProblem,
  inboundProblem,
  countProblem,
  problem,
}: Abilities): CaptureEvent {
  const { why } = exemption;
  return {
    kind: 'ready',
    exemption:
      exemption.kind === 'mark' ? exemption : { kind: 'cgroup', path: exemption.exemption.path, why },
    rules: engine?.kind ?? null,
    zoneProblem,
    gateProblem,
    ownerProblem,
    guardProblem,
    inboundProblem,
    countProblem,
    problem,
  };
}
