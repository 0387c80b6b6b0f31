import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import type { Family, NamespaceId } from '../ipc/messages.ts';
import { closeFd, type Fd } from '../kernel/libc.ts';
import { nftablesGeneration } from '../kernel/libc-nftables.ts';
import { isListening, listenOn } from '../kernel/libc-sockets.ts';
import { err, ok, type Result } from '../kernel/result.ts';
import type { NetnsDoor } from './inside.ts';
import { type Interfaces, readInterfaces } from './interfaces.ts';
import { applyWish, type Iptables } from './iptables.ts';
import { ipv6Wish } from './ipv6-wish.ts';
import { BACKLOG, type Listener, openListener } from './listener.ts';
import type { ListenerInfo } from './protocol.ts';
import type { Exemption, Wish } from './rules.ts';
import { type ListenerUse, listenerUse } from './socket-table.ts';

/** What every enrolment of this agent works with. */
export interface CaptureTools {
  readonly door: NetnsDoor;
  readonly iptables: Iptables;
}

export interface EnrolmentPlace {
  readonly id: NamespaceId;
  readonly netns: Fd;
  readonly exemption: Exemption;
  /** Nobody can have put rules of ours there before. */
  readonly untouched: boolean;
  readonly interfaces: Interfaces;
}

/**
 * Listeners and rules in one network namespace. Its methods must not overlap.
 *
 * INVARIANT: rules never point to a port that nobody listens on: listeners come before the rules and outlive them.
 */
export class Enrolment {
  readonly id: NamespaceId;
  readonly exemption: Exemption;
  readonly #tools: CaptureTools;
  readonly #netns: Fd;
  readonly #listener4: Listener;
  readonly #listener6: Listener | null;
  /** Why there is no listener on `::1`, unless the machine has no IPv6 at all. */
  readonly #no6: string | null;
  #unable: { redirect: string | null; reject: string | null };
  #wish6: Wish = { mode: 'none' };
  #problem: string | null = null;
  /** The generation of the rules when they were last found right. */
  #rightAt: number | null = null;

  private constructor(
    tools: CaptureTools,
    place: EnrolmentPlace,
    sockets: { listener4: Listener; listener6: Listener | null; no6: string | null },
  ) {
    this.#tools = tools;
    this.id = place.id;
    this.exemption = place.exemption;
    this.#netns = place.netns;
    this.#listener4 = sockets.listener4;
    this.#listener6 = sockets.listener6;
    this.#no6 = sockets.no6;
    this.#unable = { redirect: sockets.no6, reject: null };
  }

  /** The error is why the pod can't be intercepted; nothing of ours is left behind then. */
  static async enrol(tools: CaptureTools, place: EnrolmentPlace): Promise<Result<Enrolment, string>> {
    const opened = tools.door.inside(place.netns, () => ({ v4: openListener(4), v6: openListener(6) }));
    if (!opened.ok) return opened;
    const { v4, v6 } = opened.value;
    if (!v4.ok) {
      if (v6.ok) closeFd(v6.value.fd);
      return err(v4.error.kind === 'failed' ? v4.error.why : 'the machine has no IPv4');
    }
    const enrolment = new Enrolment(tools, place, {
      listener4: v4.value,
      listener6: v6.ok ? v6.value : null,
      no6: v6.ok || v6.error.kind === 'no-such-family' ? null : v6.error.why,
    });
    const [rules4] = await Promise.all([
      enrolment.#apply(4, enrolment.#wish4, place.untouched),
      enrolment.#settle6(place.interfaces, place.untouched),
    ]);
    if (rules4.ok) return ok(enrolment);
    await enrolment.abandon();
    return rules4;
  }

  /** What of this pod is not intercepted although it is enrolled. */
  get problem(): string | null {
    return this.#problem;
  }

  get listeners(): readonly ListenerInfo[] {
    const v4: ListenerInfo = { family: 4, ...this.#listener4 };
    return this.#listener6 === null ? [v4] : [v4, { family: 6, ...this.#listener6 }];
  }

  /** Puts right what is not as it should be. Returns what had to be; the error is what could not be. */
  async verify(interfaces: Interfaces): Promise<Result<readonly string[], string>> {
    const repaired = this.#reviveListeners();
    // What has failed before may have been a passing fault.
    this.#unable = { redirect: this.#no6, reject: null };
    const generation = this.#generation();
    const unchanged = generation !== null && generation === this.#rightAt;
    if (unchanged && this.#decide6(interfaces).wish.mode === this.#wish6.mode) return ok(repaired);
    const [rules4, rules6] = await Promise.all([
      this.#apply(4, this.#wish4, false),
      this.#settle6(interfaces, false),
    ]);
    if (!rules4.ok) return rules4;
    if (rules4.value.length > 0) repaired.push('IPv4 rules');
    if (rules6) repaired.push('IPv6 rules');
    // Taken before looking: a change in between makes the next round look again.
    this.#rightAt = generation;
    return ok(repaired);
  }

  /** Decides the IPv6 side anew, when the interfaces are not what they were. */
  async settle(interfaces: Interfaces): Promise<void> {
    const { wish, problem } = this.#decide6(interfaces);
    if (wish.mode === this.#wish6.mode) this.#problem = problem;
    else await this.#settle6(interfaces, false);
  }

  /**
   * Stops redirecting, and keeps open connections going. Once `use()` shows no open one, `remove` takes the rest.
   * The listeners stay open for those in the queue.
   */
  async withdraw(): Promise<Result<unknown, string>> {
    const redirected6 = this.#wish6.mode === 'redirect';
    const [v4, v6] = await Promise.all([
      this.#apply(4, { mode: 'keep' }, false),
      this.#wish6.mode === 'none' ? ok([]) : this.#apply(6, { mode: redirected6 ? 'keep' : 'none' }, false),
    ]);
    return v4.ok ? v6 : v4;
  }

  /** Removes every rule of ours. */
  async remove(): Promise<Result<unknown, string>> {
    const [v4, v6] = await Promise.all([
      this.#apply(4, { mode: 'none' }, false),
      this.#wish6.mode === 'none' ? ok([]) : this.#apply(6, { mode: 'none' }, false),
    ]);
    return v4.ok ? v6 : v4;
  }

  /** Removes the rules and closes the listeners, which nobody else has been given yet. */
  async abandon(): Promise<void> {
    await this.remove();
    for (const { fd } of this.listeners) closeFd(fd);
  }

  /** Connections at the listeners of this enrolment. */
  use(): ListenerUse {
    const tables = this.#tools.door.inside(this.#netns, () => ({
      v4: readTable('tcp'),
      v6: readTable('tcp6'),
    }));
    if (!tables.ok) return { queued: 0, open: 0 };
    const v4 = listenerUse(tables.value.v4, this.#listener4.port);
    const v6 = listenerUse(tables.value.v6, this.#listener6?.port ?? 0);
    return { queued: v4.queued + v6.queued, open: v4.open + v6.open };
  }

  /** Null for tables that nftables does not know of. */
  #generation(): number | null {
    if (this.#tools.iptables.variant !== 'nft') return null;
    const generation = this.#tools.door.inside(this.#netns, nftablesGeneration);
    return generation.ok ? generation.value : null;
  }

  get #wish4(): Wish {
    return { mode: 'redirect', port: this.#listener4.port, exemption: this.exemption };
  }

  #apply(family: Family, wish: Wish, untouched: boolean) {
    return applyWish(this.#tools.iptables, { netns: this.#netns, family, untouched }, wish);
  }

  #decide6(interfaces: Interfaces): ReturnType<typeof ipv6Wish> {
    const port = this.#listener6?.port ?? null;
    return ipv6Wish({ port, unable: this.#unable, interfaces, exemption: this.exemption });
  }

  /** Applies the best wish that this namespace can have; true when rules had to change. */
  async #settle6(interfaces: Interfaces, untouched: boolean): Promise<boolean> {
    for (;;) {
      const { wish, problem } = this.#decide6(interfaces);
      // Where there never was a rule of ours, the tools need not even exist.
      const applied =
        wish.mode === 'none' && this.#wish6.mode === 'none' ? ok([]) : await this.#apply(6, wish, untouched);
      if (applied.ok || wish.mode === 'none' || wish.mode === 'keep') {
        this.#wish6 = wish;
        this.#problem = problem;
        return applied.ok && applied.value.length > 0;
      }
      this.#unable[wish.mode] = applied.error;
    }
  }

  /** Who holds a listener may shut it down for everybody; its address and port stay ours. */
  #reviveListeners(): string[] {
    return this.listeners
      .filter(({ fd }) => !isListening(fd) && listenOn(fd, BACKLOG) === 0)
      .map(({ family }) => `IPv${family} listener`);
  }
}

/** Of the namespace that the calling thread is in. */
export const interfacesHere = (): Interfaces => readInterfaces(networkInterfaces());

function readTable(name: 'tcp' | 'tcp6'): string {
  try {
    return readFileSync(`/proc/thread-self/net/${name}`, 'utf8');
  } catch {
    // No IPv6 on this machine.
    return '';
  }
}
