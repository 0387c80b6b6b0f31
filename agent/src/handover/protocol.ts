import type { Inheritance, ListenerInfo } from '../capture/protocol.ts';
import type { Exemption } from '../capture/wish.ts';

/**
 * What two agents of one node say to each other on a unix stream socket, a JSON text per line. The old one answers with a
 * message per network namespace, its listening sockets beside it as SCM_RIGHTS, and a last one that says how many there
 * were. From `take` on the connection is a lease: while it lasts, the old agent changes no rule.
 *
 * The two may be of different versions, and neither may fail by what the other says:
 * - Messages and fields that one does not know it passes over, so new ones need no new version.
 * - Whoever changes what a message or field means, or takes one away, raises `VERSION`. What is given is only read where
 *   both know a version; else the new agent opens listeners of its own, which loses no connection either.
 * - `take`, `taken` and `refused` mean the same in all versions.
 * - A message of the old agent fits into a packet, and descriptors are beside the last message of those read together.
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
  /** Nothing is given, but the old agent has stepped aside. */
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
