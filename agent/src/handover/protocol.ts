import type { Inheritance, ListenerInfo } from '../capture/protocol.ts';
import type { Exemption } from '../capture/wish.ts';
import type { Fd } from '../kernel/libc.ts';

/**
 * What two agents of one node say to each other on a unix stream socket, one JSON text per message. The new one sends
 * lines; the old one answers with one message per network namespace, its listening sockets beside it as SCM_RIGHTS,
 * and a last one without. From `take` on the connection is a lease: while it lasts, the old agent changes no rule.
 *
 * The two may be of different versions. `take` and `taken` mean the same in all of them; what is given is only read
 * where both say the same `version`.
 */
export const VERSION = 1;

export type ToPredecessor =
  | { readonly kind: 'take'; readonly version: number }
  /** The listeners of these namespaces (by inode) are accepted on by the new agent, and its rules are in place. */
  | { readonly kind: 'taken'; readonly inodes: readonly number[] };

export type ToSuccessor =
  | ({ readonly kind: 'netns' } & GivenNetns)
  /** Beside it, the holds of the old agent on those before it; an agent that does not know of them leaves them open. */
  | { readonly kind: 'all'; readonly count: number }
  /** Nothing is given, but the old agent has stepped aside. */
  | { readonly kind: 'refused'; readonly reason: string };

/** An inheritance as JSON: descriptors travel beside it, in the order of the listeners, and ids are texts. */
export interface GivenNetns extends Omit<Inheritance, 'listeners' | 'makers' | 'exemptions'> {
  readonly listeners: readonly Omit<ListenerInfo, 'fd'>[];
  readonly makers: readonly GivenExemption[];
  readonly exemptions: readonly GivenExemption[];
}

type GivenExemption =
  | { readonly kind: 'mark'; readonly mark: number }
  | { readonly kind: 'cgroup'; readonly path: string; readonly id: string; readonly level: number };

export function given({ listeners, makers, exemptions, ...plain }: Inheritance): GivenNetns {
  return {
    ...plain,
    listeners: listeners.map(({ direction, family, port }) => ({ direction, family, port })),
    makers: makers.map(written),
    exemptions: exemptions.map(written),
  };
}

/** The descriptors are the inheritance's from here on. */
export function inherited(netns: GivenNetns, fds: readonly Fd[]): Inheritance {
  const { kind: _, listeners, makers, exemptions, ...plain } = netns as GivenNetns & { kind: unknown };
  return {
    ...plain,
    listeners: listeners.map((listener, index) => ({ ...listener, fd: fds[index] ?? -1 })),
    makers: makers.map(read),
    exemptions: exemptions.map(read),
  };
}

const written = (exemption: Exemption): GivenExemption =>
  exemption.kind === 'cgroup' ? { ...exemption, id: String(exemption.id) } : exemption;

const read = (exemption: GivenExemption): Exemption =>
  exemption.kind === 'cgroup' ? { ...exemption, id: BigInt(exemption.id) } : exemption;
