import type { LeaseAsk, LeaseGrant } from '@eastwall/policy';

/** What comes of some of the asks; a store may answer in several parts. */
export interface LeaseReply {
  readonly grants: readonly LeaseGrant[];
  /** Buckets for which there is no answer. */
  readonly failed: readonly number[];
}

export interface StoreStatus {
  /** `redis`, or `node` where every node counts for itself. */
  readonly kind: 'redis' | 'node';
  /** Where it is, without secrets; empty where every node counts for itself. */
  readonly address: string;
  /** Why it can't be used, wholly or in part; null when it can. */
  readonly problem: string | null;
  readonly asks: number;
  readonly failedAsks: number;
  /** The slowest answer of the last minute or two, in milliseconds. */
  readonly slowestMs: number;
}

/** Where buckets that several processes spend from are kept. */
export interface LeaseStore {
  /** Every ask is part of exactly one reply, which comes within the store's timeout. */
  ask(asks: readonly LeaseAsk[], reply: (reply: LeaseReply) => void): void;
  status(): StoreStatus;
  close(): void;
}
