import type { LeaseAsk } from '@eastwall/policy';
import { type BucketState, newBucketState, settle } from '@eastwall/policy';
import type { LeaseReply, LeaseStore, StoreStatus } from './lease-store.ts';

/** Without a shared store, each agent keeps the buckets of its own dataplanes. */
export class NodeStore implements LeaseStore {
  readonly #maxBuckets: number;
  /** Monotonic milliseconds. */
  readonly #now: () => number;
  /** In the order of use. */
  readonly #buckets = new Map<string, BucketState>();
  #asks = 0;

  constructor(maxBuckets: number, now: () => number) {
    this.#maxBuckets = maxBuckets;
    this.#now = now;
  }

  ask(asks: readonly LeaseAsk[], reply: (reply: LeaseReply) => void): void {
    const nowUs = Math.floor(this.#now() * 1_000);
    this.#asks += asks.length;
    reply({ grants: asks.map((ask) => settle(this.#bucket(ask.key), ask, nowUs)), failed: [] });
  }

  status(): StoreStatus {
    return { kind: 'node', address: '', problem: null, asks: this.#asks, failedAsks: 0, slowestMs: 0 };
  }

  close(): void {
    this.#buckets.clear();
  }

  /** What is pushed out is restored by whoever still spends from it (`LeaseAsk.tat`). */
  #bucket(key: string): BucketState {
    const bucket = this.#buckets.get(key) ?? newBucketState();
    this.#buckets.delete(key);
    this.#buckets.set(key, bucket);
    if (this.#buckets.size > this.#maxBuckets) {
      const [oldest] = this.#buckets.keys();
      if (oldest !== undefined) this.#buckets.delete(oldest);
    }
    return bucket;
  }
}
