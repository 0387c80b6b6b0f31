import type { NamespaceEntry, PodInfo } from '../identity/cluster-objects.ts';
import type { Direction, Family, NamespaceId, SocketOrder } from '../ipc/messages.ts';
import type { InboundMode, InboundReason } from './inbound-mode.ts';
import type { Cause, NetnsOwner } from './pairing.ts';
import type { Proof } from './prover.ts';
import type { QuicMode } from './quic-mode.ts';
import type { RuleEngine } from './rule-engine.ts';
import type { Exemption, FailMode } from './wish.ts';

/** What control and the capture thread say to each other. Descriptors are plain numbers: both are one process. */

export interface CaptureOptions {
  /** Where the runtime mounts the network namespaces of pods. */
  readonly netnsDir: string;
  readonly reconcileIntervalMs: number;
  /** Kubernetes namespaces whose pods are never intercepted; the agent's own belongs here too. */
  readonly excludedNamespaces: readonly string[];
  /** `mark` for agents that share their cgroup with the pods, as in a sandbox. */
  readonly exemption: 'auto' | 'mark';
  /** `iptables` leaves nftables alone, and with it all that only nftables can do. */
  readonly rules: 'auto' | 'iptables';
  /** Of pods that do not say, nor their Namespace. */
  readonly failMode: FailMode;
  /** Whether to observe what comes to pods that do not say; `auto` for those that a dataplane wants it for. */
  readonly inbound: InboundMode;
  readonly quic: QuicMode;
  /** Whether frames that a pod writes past its rules are kept from leaving, where the kernel can. */
  readonly packetGuard: 'auto' | 'off';
  /** Time between two proofs of interception of one pod, in ms. */
  readonly proofIntervalMs: number;
  /** How long connections are redirected after a beat of the dataplane, in ms. */
  readonly gateTimeoutMs: number;
  /** Addresses of the node: a namespace that has one of them is the node's, and is left alone. */
  readonly nodeAddresses: readonly string[];
}

/** The pods of this node, and the Namespaces they are in. Each update replaces the one before. */
export interface LocalPods {
  readonly pods: readonly PodInfo[];
  readonly namespaces: readonly NamespaceEntry[];
}

export type ToCapture =
  /** Nothing follows: end. */
  | { readonly kind: 'end' }
  /** Look for namespaces from now on; these are already served by an agent before us. */
  | { readonly kind: 'begin'; readonly inherited: readonly Inheritance[] }
  | { readonly kind: 'pods'; readonly local: LocalPods }
  /** From the event loop of the dataplane that accepts for these namespaces, and from nobody else. */
  | { readonly kind: 'beat'; readonly namespaces: readonly NamespaceId[] }
  /** The dataplane that accepted for these namespaces has ended. */
  | { readonly kind: 'unserved'; readonly namespaces: readonly NamespaceId[] }
  | {
      readonly kind: 'proved';
      readonly ns: NamespaceId;
      readonly family: Family;
      readonly port: number;
    }
  /** A dataplane wants to see what comes to that pod, or does not want to any more. */
  | { readonly kind: 'inbound'; readonly ns: NamespaceId; readonly wanted: boolean }
  | { readonly kind: 'call'; readonly id: number; readonly call: CaptureCall };

/** What is answered with `answer`. */
export type CaptureCall =
  | ({ readonly what: 'send-sockets'; readonly channelFd: number } & SocketOrder)
  | { readonly what: 'reconcile' }
  /** Changes nothing any more, since another agent takes over; goes on making sockets. */
  | { readonly what: 'step-aside' }
  | { readonly what: 'step-back' }
  /** The agents before this one have ended. */
  | { readonly what: 'retire-former' }
  /** Nobody accepts any more: sends no new connection to the listeners. */
  | { readonly what: 'lapse'; readonly whom: Freed }
  /** Stops, and leaves rules in place. */
  | { readonly what: 'release' }
  /** Stops, and removes every rule of ours. */
  | { readonly what: 'uninstall'; readonly whom: Freed };

/** Whose rules an agent that goes takes with it: `open` leaves those that are to be refused while nobody judges them. */
export type Freed = 'open' | 'all';

export type FromCapture =
  | CaptureEvent
  | { readonly kind: 'answer'; readonly id: number; readonly error: string | null };

/** How this agent exempts its own connections, and why so; for `status`. */
export type ExemptionReport =
  | { readonly kind: 'cgroup'; readonly path: string; readonly why: string }
  | { readonly kind: 'mark'; readonly why: string };

export interface ListenerInfo {
  readonly direction: Direction;
  readonly family: Family;
  readonly port: number;
  readonly fd: number;
}

export type CaptureEvent =
  /** What this node can do; comes first, once. With a `problem` nothing can be enrolled. */
  | {
      readonly kind: 'ready';
      readonly exemption: ExemptionReport;
      readonly rules: RuleEngine['kind'] | null;
      /** Why the agent's connections are not tracked apart from the pod's; null when they are. */
      readonly zoneProblem: string | null;
      /** Why fail modes are not enforced by the kernel; null when they are. */
      readonly gateProblem: string | null;
      /** Why somebody else may own the port that connections are redirected to; null when nobody can. */
      readonly ownerProblem: string | null;
      /** Why frames that are written past the rules are not kept from leaving; null when they are. */
      readonly guardProblem: string | null;
      /** Why what comes to pods can't be observed; null when it can. */
      readonly inboundProblem: string | null;
      /** Why what goes past the agent is not counted; null when it is. */
      readonly countProblem: string | null;
      readonly problem: string | null;
    }
  /** Nothing could be enrolled on this node, and now it could: for an agent that begins anew. */
  | { readonly kind: 'able' }
  | {
      readonly kind: 'enrolled';
      readonly ns: NamespaceId;
      readonly inode: number;
      readonly path: string;
      readonly listeners: readonly ListenerInfo[];
      readonly estate: Estate;
      /** From the first sight of the mounted namespace to the rules in place, in ms. */
      readonly tookMs: number;
    }
  /** What the rules say of agents is said anew when another agent takes over. */
  | { readonly kind: 'estate'; readonly ns: NamespaceId; readonly estate: Estate }
  /** What comes to that pod is to be accepted at these listeners from now on; at none when there are none. */
  | { readonly kind: 'inbound'; readonly ns: NamespaceId; readonly listeners: readonly ListenerInfo[] }
  /** That pod is observed, and answers requests on connections from before, which nobody sees. */
  | { readonly kind: 'unseen'; readonly ns: NamespaceId }
  /** Its rules are gone, or the namespace itself: nothing new arrives at its listeners. */
  | {
      readonly kind: 'gone';
      readonly ns: NamespaceId;
      readonly inode: number;
      readonly reason: string;
      /** It is only not intercepted any more: its open connections go on. */
      readonly podLives: boolean;
    }
  /** Tried again at every reconcile. */
  | { readonly kind: 'failed'; readonly inode: number; readonly path: string; readonly problem: string }
  /** Something had been changed behind our back, and was put right. */
  | { readonly kind: 'repaired'; readonly ns: NamespaceId; readonly what: readonly string[] }
  /** Connections of this namespace do not come to a dataplane, or do so again. */
  | { readonly kind: 'proof'; readonly ns: NamespaceId; readonly family: Family; readonly why: string | null }
  | { readonly kind: 'directory'; readonly problem: string | null }
  | {
      readonly kind: 'pairings';
      readonly namespaces: readonly NetnsReport[];
      readonly pods: readonly PodReport[];
    }
  | {
      readonly kind: 'reconciled';
      readonly namespaces: number;
      readonly repaired: number;
      readonly failed: number;
      readonly tookMs: number;
    };

/** What was seen of a pod that may be attempts at getting past the agent; packets, since it was enrolled. */
export interface Attempts {
  /** Connections that would have reached somebody else's socket at the agent's port. */
  readonly foreignListener: number;
  /** Connections with a mark, which may be a guess at the agent's. */
  readonly marked: number;
  /** Connections that it forwards for somebody behind it, and that go direct. */
  readonly forwarded: number;
  /** Connections that were refused because nobody judged them. */
  readonly unjudged: number;
  /** Frames that it wrote past the rules. */
  readonly smuggled: number;
  /** Datagrams of QUIC, which pass the agent or are refused; no attempt, but as blind a spot. */
  readonly quic: number;
}

export const NO_ATTEMPTS: Attempts = {
  foreignListener: 0,
  marked: 0,
  forwarded: 0,
  unjudged: 0,
  smuggled: 0,
  quic: 0,
};

export const NO_PROOFS: PodReport['proofs'] = { 4: null, 6: null };

export interface NetnsReport {
  /** Null while it is not enrolled. */
  readonly ns: NamespaceId | null;
  readonly inode: number;
  readonly path: string;
  readonly addresses: readonly string[];
  readonly owner: NetnsOwner;
  /** Why it is not enrolled, or what about it is not intercepted. */
  readonly problem: string | null;
}

/** One pod of this node as `status` shows it. */
export interface PodReport {
  readonly uid: string;
  readonly state: 'enrolled' | 'opted-out' | 'refused' | 'waiting';
  readonly ns: NamespaceId | null;
  /** Always there unless enrolled; for an enrolled pod, what is not intercepted. */
  readonly reason: string | null;
  /** The reason in a word; null where there is none. */
  readonly cause: Cause | null;
  /** What becomes of its new connections while nobody judges them; null unless enrolled. */
  readonly failMode: FailMode | null;
  /** Why what comes to it is observed; null where it is not. */
  readonly inbound: InboundReason | null;
  /** How the latest proofs of interception ended, by address family; null where there was none yet. */
  readonly proofs: Readonly<Record<Family, Proof | null>>;
  readonly attempts: Attempts;
}

/** What the rules of a namespace say about its agents; see `Wish`. */
export interface Estate {
  readonly makers: readonly Exemption[];
  readonly listenerMark: number;
  readonly exemptions: readonly Exemption[];
}

/** What an agent has in a network namespace, as it hands it over to the next one. */
export interface Inheritance extends Estate {
  /** Of the namespace. */
  readonly inode: number;
  readonly listeners: readonly ListenerInfo[];
}
