import { ipBytes } from '../identity/ip.ts';
import type { Family } from '../ipc/messages.ts';
import { closeFd, type Fd } from '../kernel/libc.ts';
import type { Result } from '../kernel/result.ts';
import type { NetnsDoor } from './inside.ts';
import type { Interfaces } from './interfaces.ts';
import { type Listener, type ListenerFailure, openListener } from './listener.ts';
import type { ListenerInfo } from './protocol.ts';
import type { InboundWish } from './wish.ts';

/** Addresses of the node that are told from others in one pod. */
const MAX_SPARED = 32;

export interface InboundFacts {
  readonly wanted: boolean;
  readonly interfaces: Interfaces;
  /** Of the node, in canonical text; the pod's gateways are among them in any case. */
  readonly nodeAddresses: readonly string[];
}

/**
 * What one namespace has for observing what comes to the pod: listeners while it is wanted, and for open connections
 * the rules that keep them going afterwards.
 *
 * INVARIANT: listeners are opened before rules send anybody there, and are given up after.
 */
export class InboundLeg {
  readonly #door: NetnsDoor;
  readonly #netns: Fd;
  readonly #mark: number;
  #listeners: readonly ListenerInfo[];
  /** Of listeners that are given up, with connections still open. */
  #formerPorts: ReadonlyMap<Family, number> = new Map();
  #spared: readonly string[] = [];
  #has6 = false;
  #decidedBy = '';
  #failure: string | null = null;
  /** The dataplane that accepted there has ended, and none has begun since. */
  unserved = false;
  /** Listeners have been opened here that were not inherited. */
  made = false;

  /** `mark` is that of listeners, 0 for none; those that are inherited stay in use until it is decided otherwise. */
  constructor(
    door: NetnsDoor,
    place: { readonly netns: Fd; readonly mark: number; readonly inherited: readonly ListenerInfo[] },
  ) {
    this.#door = door;
    this.#netns = place.netns;
    this.#mark = place.mark;
    this.#listeners = place.inherited;
    this.#has6 = place.inherited.some(({ family }) => family === 6);
  }

  /** Where connections are accepted that come to the pod; another array whenever these are other listeners. */
  get listeners(): readonly ListenerInfo[] {
    return this.#listeners;
  }

  /** Why it is not as it is wanted. */
  get problem(): string | null {
    return this.#failure;
  }

  get wish(): InboundWish | null {
    const [mode, ports] =
      this.#listeners.length > 0
        ? (['observe', new Map(this.#listeners.map(({ family, port }) => [family, port]))] as const)
        : (['keep', this.#formerPorts] as const);
    const port4 = ports.get(4);
    if (port4 === undefined) return null;
    const port6 = this.#has6 ? (ports.get(6) ?? null) : null;
    return { mode, port4, port6, unserved: this.unserved, spared: this.spared };
  }

  /** Whose connections are left alone, as addresses of 4 or 16 bytes. */
  get spared(): readonly Uint8Array[] {
    return this.#spared.map(ipBytes);
  }

  /** Ports whose connections are to be gone before the rules may go. */
  get formerPorts(): ReadonlyMap<Family, number> {
    return this.#formerPorts;
  }

  isSettled(facts: InboundFacts): boolean {
    return keyOf(facts) === this.#decidedBy;
  }

  /** Opens or gives up listeners; `wish` is to be applied next. */
  decide(facts: InboundFacts): void {
    const { wanted, interfaces } = facts;
    this.#decidedBy = keyOf(facts);
    this.#spared = sparedOf(facts);
    this.#has6 = interfaces.loopbackHas6;
    this.#failure = null;
    if (!wanted) this.giveUp();
    else if (!interfaces.loopbackUp) this.#failure = 'its loopback interface is down';
    else if (this.#listeners.length === 0) this.#open();
  }

  /** Sends nobody there any more. The listeners are still to be accepted at by who has them. */
  giveUp(): void {
    if (this.#listeners.length === 0) return;
    this.#formerPorts = new Map(this.#listeners.map(({ family, port }) => [family, port]));
    this.#listeners = [];
  }

  /** What could not be applied; it is tried again with the next `decide`. */
  fail(problem: string): void {
    this.#failure = problem;
  }

  /** Connections of listeners that were given up have ended. */
  forgetFormer(): void {
    this.#formerPorts = new Map();
  }

  /** For listeners that nobody else has been given. */
  closeListeners(): void {
    for (const { fd } of this.#listeners) closeFd(fd);
    this.#listeners = [];
  }

  #open(): void {
    const opened = this.#door.inside(this.#netns, () => ({
      v4: openListener(4, this.#mark, 'inbound'),
      v6: openListener(6, this.#mark, 'inbound'),
    }));
    if (!opened.ok) this.#failure = opened.error;
    else this.#take(opened.value.v4, opened.value.v6);
  }

  #take(v4: Result<Listener, ListenerFailure>, v6: Result<Listener, ListenerFailure>): void {
    if (!v4.ok) {
      if (v6.ok) closeFd(v6.value.fd);
      this.#failure = v4.error.kind === 'failed' ? v4.error.why : 'the machine has no IPv4';
      return;
    }
    const found = [[4, v4] as const, [6, v6] as const];
    this.#listeners = found.flatMap(([family, listener]) =>
      listener.ok ? [{ direction: 'inbound' as const, family, ...listener.value }] : [],
    );
    this.made = true;
    if (!v6.ok && v6.error.kind === 'failed') this.#failure = `not by IPv6: ${v6.error.why}`;
  }
}

const sparedOf = ({ nodeAddresses, interfaces }: InboundFacts): string[] =>
  [...new Set([...interfaces.gateways, ...nodeAddresses])].slice(0, MAX_SPARED);

const keyOf = (facts: InboundFacts): string => {
  const { loopbackUp, loopbackHas6 } = facts.interfaces;
  return facts.wanted ? [loopbackUp, loopbackHas6, ...sparedOf(facts)].join() : 'no';
};
