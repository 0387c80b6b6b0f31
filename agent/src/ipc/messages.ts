import type {
  ApiPolicy,
  DetectionId,
  EgressPolicy,
  GuardProfile,
  LeaseAsk,
  LeaseGrant,
  Workload,
} from '@eastwall/policy';
import type { NodeEntry, ServiceEntry, SliceEntry } from '../identity/cluster-objects.ts';
import type { IssuerKeys } from '../identity/issuer.ts';
import type { PortRanges } from '../kernel/port-ranges.ts';
import type { Finding } from '../record/finding.ts';
import type { IdCounts } from '../record/id-counts.ts';
import type { Learned } from '../record/learned.ts';
import type { LimitTotals } from '../record/limit-totals.ts';
import type { News } from '../record/news.ts';
import type { CatalogDelta } from '../record/operation-usage.ts';
import type { FlowRecord } from '../record/record.ts';
import type { TrafficCell } from '../record/traffic-cell.ts';
import type { VerdictCell } from '../record/verdict-totals.ts';

/**
 * What control and a dataplane process say to each other over Node's IPC channel.
 * Sockets travel beside it, on a SOCK_SEQPACKET pair (fd 3 of the child) as SCM_RIGHTS: one packet is one
 * `FdPacket` as JSON plus its descriptors, and a `fds` message on the IPC channel tells the child to read it.
 */

/** An enrolled network namespace, numbered by capture; numbers are never reused in an agent's life. */
export type NamespaceId = number;
export type Family = 4 | 6;
/** Which connections: those that a pod opens, or those that are opened to it. */
export type Direction = 'outbound' | 'inbound';

/** So many unconnected sockets, made in that namespace: to connect as the pod, or as whoever calls it. */
export interface SocketOrder {
  readonly ns: NamespaceId;
  readonly direction: Direction;
  readonly family: Family;
  readonly count: number;
}

export type FdPacket =
  /** Without descriptors: listeners of this direction that came before are not to be accepted at any more. */
  | { readonly kind: 'renewed'; readonly ns: NamespaceId; readonly direction: Direction }
  | {
      readonly kind: 'listener';
      readonly ns: NamespaceId;
      readonly direction: Direction;
      readonly family: Family;
      readonly port: number;
    }
  | {
      readonly kind: 'sockets';
      readonly ns: NamespaceId;
      readonly direction: Direction;
      readonly family: Family;
    };

/** What control knows about the owner of a namespace. */
export type CallerState =
  | { readonly state: 'pending' }
  | {
      readonly state: 'known';
      readonly workload: Workload;
      /** Ports that the pod declares opaque wherever it calls them; absent when it says nothing. */
      readonly opaquePorts?: PortRanges;
    }
  /** Opted out or excluded after its rules were already in place: pass bytes, judge nothing. */
  | { readonly state: 'exempt'; readonly reason: string };

export type ToDataplane =
  | { readonly kind: 'settings'; readonly settings: DataplaneSettings }
  | { readonly kind: 'fds' }
  | { readonly kind: 'caller'; readonly ns: NamespaceId; readonly caller: CallerState }
  /** Stop accepting for this namespace: another agent does. Listeners that come later are accepted on again. */
  /** Not all that is asked of that pod is seen, although what comes to it is observed. */
  | { readonly kind: 'unseen'; readonly ns: NamespaceId }
  | { readonly kind: 'stop-listening'; readonly ns: NamespaceId }
  /**
   * Stop accepting for this namespace, and forget it: once its connections have ended, where the pod goes on without
   * us, or at once, where the namespace itself is gone.
   */
  | { readonly kind: 'namespace-gone'; readonly ns: NamespaceId; readonly podLives: boolean }
  | {
      readonly kind: 'services';
      readonly upsert: readonly ServiceEntry[];
      readonly remove: readonly string[];
    }
  | { readonly kind: 'slices'; readonly upsert: readonly SliceEntry[]; readonly remove: readonly string[] }
  | { readonly kind: 'nodes'; readonly upsert: readonly NodeEntry[]; readonly remove: readonly string[] }
  | { readonly kind: 'policies'; readonly upsert: readonly ApiPolicy[]; readonly remove: readonly string[] }
  | {
      readonly kind: 'egress-policies';
      readonly upsert: readonly EgressPolicy[];
      readonly remove: readonly string[];
    }
  | {
      readonly kind: 'guard-profiles';
      readonly upsert: readonly GuardProfile[];
      readonly remove: readonly string[];
    }
  /** Whose tokens name end users, with their keys; replaces what was said before. */
  | { readonly kind: 'issuers'; readonly issuers: readonly IssuerKeys[] }
  /** Everything listed so far has been sent: from here on an unknown destination really is unknown. */
  | { readonly kind: 'synced' }
  /** While somebody tails with --all, every record is sent; otherwise only what was not plainly allowed. */
  | { readonly kind: 'stream-all'; readonly on: boolean }
  /** What came of asks for tokens: granted, or no answer for these buckets. */
  | {
      readonly kind: 'lease-reply';
      readonly grants: readonly LeaseGrant[];
      readonly failed: readonly number[];
    }
  /** What others have seen of workloads that have a pod here. */
  | ({ readonly kind: 'news' } & News)
  /** What dataplanes before this one have learnt. */
  | { readonly kind: 'learned'; readonly learned: readonly Learned[] }
  | { readonly kind: 'drain'; readonly graceMs: number };

export type FromDataplane =
  | { readonly kind: 'ready'; readonly pid: number }
  | ({ readonly kind: 'need-sockets' } & SocketOrder)
  /**
   * Whether it wants to see what comes to that pod, where nobody has said anything about that; `later`, and so not before
   * its next beat, where it has no room.
   */
  | { readonly kind: 'inbound-wanted'; readonly ns: NamespaceId; readonly wanted: boolean | 'later' }
  | { readonly kind: 'records'; readonly records: readonly FlowRecord[]; readonly dropped: number }
  | ({ readonly kind: 'catalog' } & CatalogDelta)
  | { readonly kind: 'totals'; readonly totals: DataplaneTotals }
  /** Episodes that began, grew or were resolved; `dropped` is how many there was no room for since the last message. */
  | { readonly kind: 'findings'; readonly findings: readonly Finding[]; readonly dropped: number }
  /** A guard sets a pod aside, as its profile says. */
  | { readonly kind: 'quarantine'; readonly uid: string; readonly detection: DetectionId }
  /**
   * Its event loop turns and it accepts for these namespaces. Nobody says it for it: without beats, the kernel stops
   * redirecting.
   */
  | { readonly kind: 'beat'; readonly namespaces: readonly NamespaceId[] }
  /** It has accepted a connection to that port of the address that is kept for proofs of interception. */
  | {
      readonly kind: 'proof';
      readonly ns: NamespaceId;
      readonly family: Family;
      readonly port: number;
    }
  /** Tokens for the limits of requests to come. */
  | { readonly kind: 'lease-asks'; readonly asks: readonly LeaseAsk[] }
  /** What others should hear. Beside it, what there was no room for, and what was too much of what they said. */
  | ({ readonly kind: 'news' } & News & { readonly dropped: number; readonly refused: number })
  /** What it has learnt, in parts; all of it is said again every now and then, from `first` to `last`. */
  | {
      readonly kind: 'learned';
      readonly learned: readonly Learned[];
      readonly first: boolean;
      readonly last: boolean;
    }
  | { readonly kind: 'drained' };

/** Asks per message, and characters of a bucket's key. */
export const MAX_LEASE_ASKS = 512;
export const MAX_BUCKET_KEY = 2_048;

/** By which those who tell each other news know the same id, and the same credential, again. Secret. */
export interface GuardKeys {
  readonly idSeed: { readonly seed1: number; readonly seed2: number };
  /** In base64. */
  readonly fingerprintKey: string;
}

/** Limits and deadlines of the data path; every one is a row of the config table. */
export interface DataplaneSettings {
  readonly node: string;
  readonly maxHeadBytes: number;
  readonly maxHeldBytes: number;
  readonly holdTimeoutMs: number;
  readonly headTimeoutMs: number;
  readonly bodyTimeoutMs: number;
  readonly firstByteTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly identityHoldMs: number;
  readonly maxConnections: number;
  /** What all connections of the process may keep in memory. */
  readonly maxBufferedBytes: number;
  readonly maxOperations: number;
  readonly recordQueue: number;
  /** Whether records say which trace a request belongs to. */
  readonly traced: boolean;
  readonly maxEnumerationKeys: number;
  readonly maxProvenanceWorkloads: number;
  readonly provenanceMs: number;
  /** Time between two reports of what has been learnt, in ms; 0 where nobody keeps it. */
  readonly learnedMs: number;
  /** Time between two reports of what others should hear, in ms; 0 where there are no others. */
  readonly newsMs: number;
  readonly keys: GuardKeys;
  readonly maxOpenFindings: number;
  readonly findingQuietMs: number;
  /** So many connections of HTTP, for so long, make a destination one that speaks HTTP. */
  readonly driftAfterConnections: number;
  readonly driftAfterMs: number;
  /** Buckets of limits that are kept. */
  readonly maxLimitBuckets: number;
  /** Time between two asks for tokens, in ms. */
  readonly limitTickMs: number;
  /** Without ids that its workload asks for, what comes to a pod is observed for so long, in ms. */
  readonly inboundIdleMs: number;
  /** Time between two beats, in ms. */
  readonly beatMs: number;
  /** Opaque where neither a Service nor the calling pod says which ports are. */
  readonly opaquePorts: PortRanges;
}

export interface DataplaneTotals {
  readonly cells: readonly TrafficCell[];
  readonly verdicts: readonly VerdictCell[];
  readonly openConnections: number;
  readonly heldConnections: number;
  readonly recordsDropped: number;
  readonly loopLagMs: number;
  readonly rssBytes: number;
  /** Spent by the process since it began. */
  readonly cpuSeconds: number;
  readonly limits: LimitTotals;
  readonly ids: IdCounts;
  /** Workloads that were shown more ids elsewhere than it knows of: namespace, kind and name; some of them. */
  readonly partlyKnown: readonly string[];
  /** Workloads that are also asked over connections that the agent does not see; some of them. */
  readonly askedUnseen: readonly string[];
}

/** Of each of the two. */
export const MAX_PARTLY_KNOWN = 16;
