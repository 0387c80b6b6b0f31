import type { Cause } from '../capture/pairing.ts';

/** What `GET /status` answers and `eastwall status` shows; the metrics of the agent itself are read from it too. */
export interface AgentStatus {
  readonly node: string;
  readonly version: string;
  readonly pid: number;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly ready: boolean;
  /** Named tasks that readiness still waits for. */
  readonly waitingFor: readonly string[];
  readonly onExit: 'remove' | 'keep';
  readonly kube: KubeStatus;
  readonly capture: CaptureStatus;
  readonly pods: readonly PodStatus[];
  readonly policies: readonly PolicyStatus[];
  readonly dataplanes: readonly DataplaneStatus[];
  readonly flows: FlowStatus;
  readonly limits: LimitsStatus;
  /** What guards share between nodes; null where they share nothing. */
  readonly news: { readonly problem: string | null } | null;
  readonly issuers: readonly IssuerStatus[];
  readonly sinks: readonly SinkStatus[];
  /** Events that no sink was told of, for there were more in a second than may be. */
  readonly eventsSuppressed: number;
  /** The longest of the last minute or two. */
  readonly controlLoopLagMs: number;
}

export interface KubeStatus {
  readonly synced: boolean;
  /** How old what is known of the cluster may be, in milliseconds; null before the first answer. */
  readonly ageMs: number | null;
  /** Kinds of policies that the cluster does not know. */
  readonly missingKinds: readonly string[];
  readonly problems: readonly string[];
  readonly services: number;
  readonly slices: number;
}

export interface CaptureStatus {
  /** How the agent's own connections are told from the pods': by cgroup or by a secret mark. */
  readonly exemption: string;
  readonly exemptionReason: string;
  /** What puts rules into pods: `nft`, `iptables-nft` or `iptables-legacy`; null when nothing does. */
  readonly rules: string | null;
  /** What only some kernels enforce, as tried out when the agent started. */
  readonly abilities: readonly AbilityStatus[];
  /** How long capture has said nothing, in milliseconds: it looks at all pods now and then. Null before its first word. */
  readonly silentMs: number | null;
  /** Why network namespaces can't be followed, wholly or in part; null when they can. */
  readonly directoryProblem: string | null;
  /** Times that rules or listeners had to be put back. */
  readonly repairs: number;
}

export interface AbilityStatus {
  readonly ability: 'fail-modes' | 'port-owner' | 'packet-guard' | 'conntrack-zone' | 'inbound' | 'counts';
  /** Why it is not enforced; null when it is. */
  readonly problem: string | null;
}

/** Whether connections of a pod come to the agent, as seen by making one; null when not tried yet. */
export type ProofState = 'proven' | 'failed' | 'impossible' | null;

/** What was seen of a pod that may be attempts at getting past the agent; counts since it was enrolled. */
export interface AttemptCounts {
  readonly foreignListener: number;
  readonly marked: number;
  readonly forwarded: number;
  readonly unjudged: number;
  readonly smuggled: number;
  /** Datagrams of QUIC. */
  readonly quic: number;
}

export type PodState = 'enrolled' | 'waiting' | 'opted-out' | 'refused';

export interface PodStatus {
  readonly namespace: string;
  readonly pod: string;
  /** `Deployment/frontend` */
  readonly workload: string;
  readonly state: PodState;
  /** Why it is not (fully) enrolled; null when it is. */
  readonly reason: string | null;
  /** The reason in a word; null when there is none. */
  readonly cause: Cause | null;
  /** Which dataplane serves it; null when none does. */
  readonly dataplane: number | null;
  /**
   * What becomes of its new connections while nobody judges them, where the kernel enforces it (`abilities`), and in any
   * case once the agent has stopped for good; null unless enrolled.
   */
  readonly failMode: 'open' | 'closed' | null;
  /** Why the agent sees what comes to it; null where it does not. */
  readonly inbound: 'annotation' | 'setting' | 'ids' | null;
  /** Who has set it aside, so that all it asks for is refused; null when nobody has. */
  readonly quarantined: 'annotation' | 'guard' | null;
  /** By address family. */
  readonly intercepted: { readonly v4: ProofState; readonly v6: ProofState };
  readonly attempts: AttemptCounts;
}

export interface PolicyStatus {
  /** `ApiPolicy` or `EgressPolicy` */
  readonly kind: string;
  /** `namespace/name` */
  readonly policy: string;
  /** Mode that is in force; null when no version ever was. */
  readonly mode: string | null;
  readonly rules: number;
  /** Why the latest version was refused; null when it is the one in force. */
  readonly refused: string | null;
  /** What it overrules that somebody may rely on; null when nothing. */
  readonly note: string | null;
}

export interface DataplaneStatus {
  readonly index: number;
  /** `silent`: it runs, and has said nothing for seconds, so that nobody can tell whether it serves. */
  readonly state: 'starting' | 'serving' | 'silent' | 'waiting' | 'stopped';
  readonly pid: number | null;
  readonly uid: number | null;
  readonly uidReason: string;
  /** Capability sets as the kernel prints them, e.g. `0`. */
  readonly capabilities: {
    readonly effective: string;
    readonly permitted: string;
    readonly bounding: string;
  } | null;
  readonly noNewPrivileges: boolean | null;
  readonly restarts: number;
  readonly lastEnd: string | null;
  readonly pods: number;
  readonly openConnections: number;
  readonly heldConnections: number;
  readonly loopLagMs: number;
  readonly rssBytes: number;
  readonly cpuSeconds: number;
  /** Workloads (`namespace/kind/name`; some of them) that other nodes show more ids than they tell. */
  readonly partlyKnown: readonly string[];
  /** Workloads that are also asked over connections from before their pods were observed. */
  readonly askedUnseen: readonly string[];
}

/** How limits are kept. */
export interface LimitsStatus {
  /** `lease` while all tokens come from the store, `share` while some are spent without it. */
  readonly mode: 'lease' | 'share';
  readonly store: {
    /** `redis`, or `node` where every node counts for itself. */
    readonly kind: 'redis' | 'node';
    /** Without secrets. */
    readonly address: string;
    /** Why it can't be used, wholly or in part; null when it can. */
    readonly problem: string | null;
    readonly asks: number;
    readonly failedAsks: number;
    /** The slowest answer of the last minute or two. */
    readonly slowestMs: number;
  };
  readonly buckets: number;
  /** Requests since the agent began, by where their tokens came from or why there were none. */
  readonly spent: Readonly<Record<LimitSpending, number>>;
  /** Requests that shared a bucket because all were in use. */
  readonly others: number;
  /** Requests that a limit by principal counted for their workload, for want of a verified principal. */
  readonly unverified: number;
}

export const LIMIT_SPENDINGS = [
  'leased',
  'ahead',
  'alone',
  'share',
  'open',
  'limited',
  'unavailable',
] as const;
export type LimitSpending = (typeof LIMIT_SPENDINGS)[number];

/** Who signs the tokens of end users. */
export interface IssuerStatus {
  readonly issuer: string;
  /** Public keys that its tokens are verified with. */
  readonly keys: number;
  /** Why they could not be had when they were asked for last; null when they could. The last ones stay in use. */
  readonly problem: string | null;
}

/** Where events go beside the agent's own output. */
export interface SinkStatus {
  readonly sink: string;
  /** Taken, so that they outlive the agent where the sink has a spool. */
  readonly accepted: number;
  readonly delivered: number;
  /** Attempts that failed, and were or will be made again. */
  readonly retries: number;
  /** By reason; all of them, also those that are 0. */
  readonly dropped: Readonly<Record<string, number>>;
  readonly waitingBytes: number;
  /** What is wrong with it now; null when nothing is. */
  readonly problem: string | null;
}

export interface FlowStatus {
  readonly kept: number;
  readonly tails: number;
  /** Records lost on the way, by where: in a dataplane, or for a slow `tail`. */
  readonly droppedByDataplanes: number;
  readonly droppedForTails: number;
}
