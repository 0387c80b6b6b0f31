import type { Direction, Family, NamespaceId } from '../ipc/messages.ts';
import type { Fd } from '../kernel/libc.ts';
import { isListening, listenOn } from '../kernel/libc-sockets.ts';
import { err, ok, type Result } from '../kernel/result.ts';
import type { CaptureTools, EnrolmentPlace, Will } from './enrolment-place.ts';
import { InboundLeg } from './inbound-leg.ts';
import type { Interfaces } from './interfaces.ts';
import { readNetTable } from './interfaces-here.ts';
import { ipv6Wish } from './ipv6-wish.ts';
import { BACKLOG } from './listener.ts';
import { closeSockets, type OutboundSockets, openSockets } from './outbound-sockets.ts';
import type { Estate, Freed, ListenerInfo } from './protocol.ts';
import { randomMark } from './random-mark.ts';
import type { Applied, Changed, PodRules } from './rule-engine.ts';
import { type ListenerUse, listenerUse } from './socket-table.ts';
import { hasUnseenArrivals } from './unseen-arrivals.ts';
import { distinct, type Exemption, type FailMode, type FamilyWish, type Wish } from './wish.ts';

/** Interfaces of one pod that are guarded, and looked after. */
const MAX_GUARDED = 16;

/**
 * Listeners and rules in one network namespace. Its methods must not overlap.
 *
 * INVARIANT: rules never point to a port that nobody listens on: listeners come before the rules and outlive them.
 */
export class Enrolment {
  readonly id: NamespaceId;
  readonly #exemption: Exemption;
  readonly #tools: CaptureTools;
  readonly #netns: Fd;
  readonly #rules: PodRules;
  readonly #sockets: OutboundSockets;
  readonly #inbound: InboundLeg;
  readonly #listenerMark: number;
  readonly #inheritedMakers: readonly Exemption[];
  /** Of agents before us that may still be at their last connections. */
  #formerExemptions: readonly Exemption[];
  readonly #guardMark = randomMark();
  #guarded: readonly string[] = [];
  #guardProblem: string | null = null;
  #will: Will;
  #unable: { redirect: string | null; reject: string | null };
  #wish6: FamilyWish = { mode: 'none' };
  #problem: string | null = null;
  /** The inbound leg has been decided about anew, and that is not applied yet. */
  #inboundDue = false;
  /** When the gate was opened last, in monotonic ms: at first by the enrolment, then by beats of the dataplane only. */
  #beatAt: number;

  private constructor(
    tools: CaptureTools,
    place: EnrolmentPlace,
    have: { rules: PodRules; sockets: OutboundSockets; inbound: InboundLeg; listenerMark: number },
  ) {
    this.#tools = tools;
    this.id = place.id;
    this.#exemption = place.exemption;
    this.#netns = place.netns;
    this.#will = place.will;
    this.#rules = have.rules;
    this.#sockets = have.sockets;
    this.#inbound = have.inbound;
    this.#unable = { redirect: have.sockets.no6, reject: null };
    this.#listenerMark = have.listenerMark;
    const { exemption, inheritance } = place;
    this.#inheritedMakers = inheritance?.makers ?? [];
    this.#formerExemptions = distinct([exemption, ...(inheritance?.exemptions ?? [])]).slice(1);
    this.#beatAt = tools.clock.monotonic();
  }

  /** The error is why the pod can't be intercepted; nothing of ours is left behind then. */
  static async enrol(tools: CaptureTools, place: EnrolmentPlace): Promise<Result<Enrolment, string>> {
    const { inheritance } = place;
    const listenerMark = inheritance?.listenerMark ?? randomMark();
    // Where sockets are not known by their cgroup, a mark tells the agent's listeners from somebody else's.
    const mark = place.exemption.kind === 'mark' ? listenerMark : 0;
    const inherited = (wanted: Direction) =>
      (inheritance?.listeners ?? []).filter(({ direction }) => direction === wanted);
    const sockets = openSockets(tools.door, place.netns, { mark, inherited: inherited('outbound') });
    if (!sockets.ok) return sockets;
    const rules = tools.engine.open(place.netns, place.untouched);
    if (!rules.ok) {
      closeSockets(sockets.value);
      return rules;
    }
    const enrolment = new Enrolment(tools, place, {
      rules: rules.value,
      sockets: sockets.value,
      inbound: new InboundLeg(tools.door, { netns: place.netns, mark, inherited: inherited('inbound') }),
      listenerMark,
    });
    if (enrolment.inboundListeners.length > 0) enrolment.#decideInbound(place.interfaces);
    const applied = await enrolment.#apply(place.interfaces);
    if (applied.ok) return ok(enrolment);
    await enrolment.#abandon(inheritance !== null);
    return applied;
  }

  /** What of this pod is not intercepted although it is enrolled. */
  get problem(): string | null {
    const inbound = this.#inbound.problem;
    const problems = [
      this.#problem,
      this.#guardProblem,
      inbound === null ? null : `what comes to it is not observed: ${inbound}`,
    ].filter((problem) => problem !== null);
    return problems.length === 0 ? null : problems.join('; ');
  }

  /** What has been counted in this namespace, by name, since it was enrolled. */
  counters(): ReadonlyMap<string, number> {
    return this.#rules.counters();
  }

  get listeners(): readonly ListenerInfo[] {
    const { listener4, listener6 } = this.#sockets;
    const v4: ListenerInfo = { direction: 'outbound', family: 4, ...listener4 };
    const v6 = listener6 === null ? [] : [{ direction: 'outbound', family: 6, ...listener6 } as const];
    return [v4, ...v6, ...this.inboundListeners];
  }

  /** Those at which what comes to the pod arrives; another array whenever they are other listeners. */
  get inboundListeners(): readonly ListenerInfo[] {
    return this.#inbound.listeners;
  }

  /** Of sockets that the agent connects with; 0 for none. */
  get socketMark(): number {
    if (this.#exemption.kind === 'mark') return this.#exemption.mark;
    return this.#tools.apart && this.#tools.engine.apartBy === 'mark' ? this.#listenerMark : 0;
  }

  /** What an agent that takes over from this one has to know. */
  get estate(): Estate {
    const exemptions = [this.#exemption, ...this.#formerExemptions];
    // Listeners outlive agents: with every one that had them, this would grow for as long as the pod lives.
    const own = this.#sockets.made || this.#inbound.made ? [this.#exemption] : [];
    const makers = distinct([...own, ...this.#inheritedMakers]);
    return { makers, listenerMark: this.#listenerMark, exemptions };
  }

  /** The agents before us are gone: only our own connections are exempt from now on. */
  async retireFormer(interfaces: Interfaces): Promise<Result<unknown, string>> {
    if (this.#formerExemptions.length === 0) return ok(null);
    this.#formerExemptions = [];
    return this.#apply(interfaces);
  }

  /** The dataplane that serves this namespace is alive. False when somebody has changed rules: `verify` then. */
  beat(): boolean {
    this.#beatAt = this.#tools.clock.monotonic();
    this.#inbound.unserved = false;
    return this.#rules.beat();
  }

  /** The agent that had taken over is gone. Its dataplane was alive until now; ours has yet to say that it accepts again. */
  resume(): void {
    this.#beatAt = this.#tools.clock.monotonic();
  }

  /** That dataplane has ended: what comes to the pod, which it only observed, goes past it until there is a new one. */
  unserve(): void {
    this.#inbound.unserved = true;
    if (this.inboundListeners.length > 0) this.#rules.closeArrivals();
  }

  /** Puts right what is not as it should be. Returns what had to be; the error is what could not be. */
  async verify(interfaces: Interfaces): Promise<Result<Changed, string>> {
    const repaired = this.#reviveListeners();
    // What has failed before may have been a passing fault.
    this.#unable = { redirect: this.#sockets.no6, reject: null };
    if (this.#inbound.problem !== null) this.#decideInbound(interfaces);
    this.#forgetFormerInbound();
    const unsettled = !this.isSettled(interfaces, this.#will) || this.#inboundDue;
    if (unsettled || this.#guardProblem !== null) {
      const applied = await this.#apply(interfaces);
      return applied.ok ? ok([...repaired, ...applied.value]) : applied;
    }
    const verified = await this.#rules.verify(this.#wish(this.#wish6, this.#guarded), this.#gateMs);
    if (!verified.ok) return verified;
    const { changed, failed6, inboundProblem, guardProblem } = verified.value;
    if (failed6 === null && inboundProblem === null && guardProblem === null)
      return ok([...repaired, ...changed]);
    const applied = await this.#apply(interfaces);
    return applied.ok ? ok([...repaired, ...changed, ...applied.value]) : applied;
  }

  get failMode(): FailMode {
    return this.#will.failMode;
  }

  /** Nothing that depends on the interfaces or on the owner has to be changed. */
  isSettled(interfaces: Interfaces, will: Will): boolean {
    const { wish, problem } = this.#decide6(interfaces);
    return (
      will.failMode === this.#will.failMode &&
      will.quic === this.#will.quic &&
      this.#inbound.isSettled({ ...will, wanted: will.inbound, interfaces }) &&
      wish.mode === this.#wish6.mode &&
      problem === this.#problem &&
      this.#devicesOf(interfaces).join() === this.#guarded.join()
    );
  }

  /** Applies what depends on the interfaces and on the owner. Returns what it has put right by that. */
  settle(interfaces: Interfaces, will: Will): Promise<Result<Changed, string>> {
    this.#will = will;
    this.#decideInbound(interfaces);
    return this.#apply(interfaces);
  }

  /**
   * Stops redirecting, and keeps open connections going. Once `use()` shows no open one, `remove` takes the rest.
   * The listeners stay open for those in the queue.
   */
  withdraw(): Promise<Result<unknown, string>> {
    this.#inbound.giveUp();
    const was6 = this.#wish6.mode;
    return this.#write({ mode: 'keep' }, { mode: was6 === 'redirect' ? 'keep' : 'none' });
  }

  /**
   * Nobody accepts here any more: new connections go direct, or are refused, as the fail mode and `whom` say, and
   * those that are open go on.
   */
  lapse(whom: Freed): Promise<Result<unknown, string>> {
    if (whom === 'all' || this.failMode === 'open') return this.withdraw();
    return this.#rules.apply(this.#wish(this.#wish6, this.#guarded), 0);
  }

  /** Removes every rule of ours. */
  remove(): Promise<Result<unknown, string>> {
    this.#inbound.giveUp();
    this.#inbound.forgetFormer();
    return this.#write({ mode: 'none' }, { mode: 'none' });
  }

  /** Rules and listeners stay; nothing else can be asked of it. */
  close(): void {
    this.#rules.close();
  }

  /**
   * Closes the listeners, which nobody else has been given yet. Rules of an agent that still serves are left to it:
   * what could not be loaded has not changed them.
   */
  async #abandon(served: boolean): Promise<void> {
    if (!served) await this.remove();
    this.close();
    closeSockets(this.#sockets);
    this.#inbound.closeListeners();
  }

  /** Connections at the listeners of this enrolment, or those that came to the pod only. */
  use(direction: Direction | 'any' = 'any'): ListenerUse {
    const tables = this.#tools.door.inside(this.#netns, () => ({
      v4: readNetTable('tcp'),
      v6: readNetTable('tcp6'),
    }));
    if (!tables.ok) return { queued: 0, open: 0 };
    const { v4, v6 } = tables.value;
    const uses = this.#ports(direction).map(({ family, port }) => listenerUse(family === 4 ? v4 : v6, port));
    return {
      queued: uses.reduce((sum, { queued }) => sum + queued, 0),
      open: uses.reduce((sum, { open }) => sum + open, 0),
    };
  }

  /** The pod is observed, and somebody is connected to it whom the agent does not see. */
  hasUnseenArrivals(): boolean {
    if (this.inboundListeners.length === 0) return false;
    const read = this.#tools.door.inside(
      this.#netns,
      () => `${readNetTable('tcp')}\n${readNetTable('tcp6')}`,
    );
    if (!read.ok) return false;
    const agentPorts = new Set(this.#ports('any').map(({ port }) => port));
    return hasUnseenArrivals({ table: read.value, agentPorts, spared: this.#inbound.spared });
  }

  #ports(wanted: Direction | 'any'): readonly { readonly family: Family; readonly port: number }[] {
    const former = [...this.#inbound.formerPorts].map(([family, port]) => ({ family, port }));
    const current = this.listeners.filter(({ direction }) => wanted === 'any' || direction === wanted);
    return wanted === 'outbound' ? current : [...current, ...former];
  }

  #decideInbound(interfaces: Interfaces): void {
    const { inbound, nodeAddresses } = this.#will;
    this.#inbound.decide({ wanted: inbound, interfaces, nodeAddresses });
    this.#inboundDue = true;
  }

  /** Rules of the inbound leg go with its last connection. */
  #forgetFormerInbound(): void {
    const { listeners, formerPorts } = this.#inbound;
    if (listeners.length > 0 || formerPorts.size === 0 || this.use('inbound').open > 0) return;
    this.#inbound.forgetFormer();
    this.#inboundDue = true;
  }

  /** What is left of the time that the last beat gave: what rewrites rules must not pass for a beat. */
  get #gateMs(): number {
    const { clock, gateTimeoutMs } = this.#tools;
    return Math.max(0, Math.ceil(this.#beatAt + gateTimeoutMs - clock.monotonic()));
  }

  #wish(v6: FamilyWish, devices: readonly string[]): Wish {
    return {
      v4: { mode: 'redirect', port: this.#sockets.listener4.port },
      v6,
      failMode: this.failMode,
      quic: this.#will.quic,
      inbound: this.#inbound.wish,
      guard: devices.length === 0 ? null : { devices, mark: this.#guardMark },
      apart: this.#tools.apart,
      ...this.estate,
    };
  }

  #devicesOf({ names }: Interfaces): readonly string[] {
    return this.#tools.packetGuard ? names.slice(0, MAX_GUARDED) : [];
  }

  async #write(v4: FamilyWish, v6: FamilyWish): Promise<Result<Applied, string>> {
    const applied = await this.#rules.apply({ ...this.#wish(v6, []), v4 }, 0);
    return applied.ok && applied.value.failed6 !== null ? err(applied.value.failed6) : applied;
  }

  #decide6(interfaces: Interfaces): ReturnType<typeof ipv6Wish> {
    const port = this.#sockets.listener6?.port ?? null;
    return ipv6Wish({ port, unable: this.#unable, interfaces });
  }

  /** Applies the best wish for IPv6 that this namespace can have, beside that for IPv4. */
  async #apply(interfaces: Interfaces): Promise<Result<Changed, string>> {
    const devices = this.#devicesOf(interfaces);
    for (;;) {
      const { wish, problem } = this.#decide6(interfaces);
      const applied = await this.#rules.apply(this.#wish(wish, devices), this.#gateMs);
      if (!applied.ok) return applied;
      const { changed, failed6, inboundProblem, guardProblem } = applied.value;
      this.#inboundDue = false;
      if (inboundProblem !== null) this.#inbound.fail(inboundProblem);
      this.#guarded = devices;
      this.#guardProblem =
        guardProblem === null ? null : `frames past its rules are not blocked: ${guardProblem}`;
      if (failed6 === null || wish.mode === 'none' || wish.mode === 'keep') {
        this.#wish6 = wish;
        this.#problem = problem;
        return ok(changed);
      }
      this.#unable[wish.mode] = failed6;
    }
  }

  /** Who holds a listener may shut it down for everybody; its address and port stay ours. */
  #reviveListeners(): string[] {
    return this.listeners
      .filter(({ fd }) => !isListening(fd) && listenOn(fd, BACKLOG) === 0)
      .map(({ family }) => `IPv${family} listener`);
  }
}
