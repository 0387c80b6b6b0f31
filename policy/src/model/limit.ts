/** Who shares one bucket of a limit. */
export type LimitKey = 'Pod' | 'Workload' | 'Namespace' | 'Principal' | 'All';

/** What becomes of requests while the store of a limit does not answer and no leased tokens are left. */
export type OnStoreFailure = 'LocalShare' | 'Open' | 'Closed';

/** How much an Allow rule allows. `rate` or `concurrency` is there, or both. */
export interface Limit {
  /** Limits of one policy with the same name are one; absent: a limit of this rule alone. */
  readonly name?: string;
  readonly key: LimitKey;
  /** Every operation has buckets of its own. */
  readonly perOperation?: boolean;
  /** `100/s`, `600/m`, `5000/h`. */
  readonly rate?: string;
  /** Requests that may come at once after a quiet time. */
  readonly burst?: number;
  /** How many requests one request counts for. */
  readonly cost?: number;
  /** Requests that may be under way at once. */
  readonly concurrency?: number;
  readonly onStoreFailure?: OnStoreFailure;
}
