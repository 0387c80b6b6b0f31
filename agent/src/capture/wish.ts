import type { QuicMode } from './quic-mode.ts';

/** What the network namespace of a pod should have of us; how it is written down is up to the rules' engine. */

/** How the agent's own connections are told from the pod's. */
export type Exemption =
  | {
      readonly kind: 'cgroup';
      readonly path: string;
      /** Inode of the cgroup, which is how nftables names it, and how deep it lies. */
      readonly id: bigint;
      readonly level: number;
    }
  /** Random per pod, 32 bits: a pod with CAP_NET_RAW may set marks, but has to guess this one. */
  | { readonly kind: 'mark'; readonly mark: number };

/** Each once, in their order. */
export const distinct = (exemptions: readonly Exemption[]): readonly Exemption[] =>
  exemptions.filter((one, at) => exemptions.findIndex((other) => keyOf(other) === keyOf(one)) === at);

const keyOf = (exemption: Exemption): string =>
  exemption.kind === 'cgroup' ? `cgroup ${exemption.id}` : `mark ${exemption.mark}`;

/** What becomes of new connections while nobody judges them: they go direct, or are refused. */
export type FailMode = 'open' | 'closed';

/** What one address family of a pod should have. */
export type FamilyWish =
  | { readonly mode: 'redirect'; readonly port: number }
  /** Where no listener can be had: refused at once, rather than a hole. */
  | { readonly mode: 'reject' }
  /** No longer redirected, while connections that were redirected are still open. */
  | { readonly mode: 'keep' }
  | { readonly mode: 'none' };

/** What keeps frames that are written past the rules from leaving. */
export interface PacketGuard {
  /** Interfaces that packets leave the pod by. */
  readonly devices: readonly string[];
  /** Random per pod, 32 bits, and never seen by it: it is on a packet only between the last rule and the guard. */
  readonly mark: number;
}

/** What comes to the pod goes through the agent on its way, for as long as that lives. */
export interface InboundWish {
  /** `keep` sends nothing new there, while connections that were sent are still open. */
  readonly mode: 'observe' | 'keep';
  readonly port4: number;
  /** Null where connections by IPv6 are left alone. */
  readonly port6: number | null;
  /** Nobody accepts there at the moment. */
  readonly unserved: boolean;
  /** Whose connections are left alone, as addresses of 4 or 16 bytes: those of the node, whose kubelet probes. */
  readonly spared: readonly Uint8Array[];
}

export interface Wish {
  readonly v4: FamilyWish;
  readonly v6: FamilyWish;
  /** Of all agents that may connect from here: this one, and those before it that are still at their last connections. */
  readonly exemptions: readonly Exemption[];
  /** Whether the agents' connections are to be tracked in a zone of their own; see `ZONE`. */
  readonly apart: boolean;
  readonly failMode: FailMode;
  readonly quic: QuicMode;
  /** Who may have made the listeners: a socket stays in the cgroup that it was made in, whoever holds it now. */
  readonly makers: readonly Exemption[];
  /** Mark of the listening sockets, by which they are known where they can't be known by cgroup. */
  readonly listenerMark: number;
  /** Null where it is not wanted. */
  readonly inbound: InboundWish | null;
  /** Null where it can't be had or is not wanted. */
  readonly guard: PacketGuard | null;
}
