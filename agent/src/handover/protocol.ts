import type { Inheritance, ListenerInfo } from '../capture/protocol.ts';
import type { Exemption } from '../capture/wish.ts';

/**
 * What two agents of one node say to each other on a unix stream socket, a JSON text per line. The old one answers with a
 * message per network namespace, its listening sockets beside it as SCM_RIGHTS, and a last one that says how many there
 * were. From `take` on the connection is a lease: while it lasts, the old agent changes no rule.
 *
 * The two may be of different versions, and neither may fail by what the other says:
 * - Messages and fields that one does not know it passes over, so new ones need no new version.
 * - Whoever changes what a message or field means, or takes one away, raises `VERSION`. Listeners are only given where both
 *   know a version; else the new agent opens its own, and the old one goes on accepting what waits at the others.
 * - How the old agent's connections are told from the pod's, the rest of `netns`, is given to all versions: without that, rules
 *   of the new agent would have the open ones reset. So are `take`, `taken` and `refused`.
 * - A message of the old agent fits into a packet.
 */
export const VERSION = 1;

export type ToPredecessor =
  /**
   * Reads versions from `version` to `newest`, or only that one. Agents before `newest` was known compare `version` alone:
   * who can read several should say the oldest there.
   */
  | { readonly kind: 'take'; readonly version: number; readonly newest?: number }
  /** The listeners of these namespaces (by inode) are accepted on by the new agent, and its rules are in place. */
  | { readonly kind: 'taken'; readonly inodes: readonly number[] };

export type ToSuccessor =
  | ({ readonly kind: 'netns' } & GivenNetns)
  /** Beside it, the holds of the old agent on those before it; an agent that does not know of them leaves them open. */
  | { readonly kind: 'all'; readonly count: number }
  /** In place of `all`: no listeners are given, but the old agent has stepped aside. Holds are beside it, as there. */
  | { readonly kind: 'refused'; readonly reason: string };

/** An inheritance as JSON: descriptors travel beside it, in the order of the listeners, and ids are texts. */
export interface GivenNetns extends Omit<Inheritance, 'listeners' | 'makers' | 'exemptions'> {
  readonly listeners: readonly Omit<ListenerInfo, 'fd'>[];
  readonly makers: readonly GivenExemption[];
  readonly exemptions: readonly GivenExemption[];
}

export type GivenExemption =
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

const written = (exemption: Exemption): GivenExemption =>
  exemption.kind === 'cgroup' ? { ...exemption, id: String(exemption.id) } : exemption;
