import type { CompiledLimit } from '../compile/compiled-limit.ts';
import { Bucket } from './bucket.ts';
import type { LeaseAsk, LeaseGrant } from './lease.ts';
import type { Rate } from './rate.ts';

/** Why a request is not admitted; null when it is. */
export type Shortage = 'rate_limited' | 'limits_unavailable' | null;

export interface BookOptions {
  /** Buckets kept. */
  readonly maxBuckets: number;
  /** Asks in one message. */
  readonly maxAsks: number;
  /** From 0 to 1. */
  readonly random: () => number;
}

/** How often tokens were taken from where, and how often there were none. */
export interface BookCounts {
  readonly leased: number;
  readonly ahead: number;
  readonly alone: number;
  readonly share: number;
  readonly open: number;
  readonly limited: number;
  readonly unavailable: number;
  /** Requests that were counted with others for want of room. */
  readonly others: number;
}

/** Holders that a bucket is taken to have before any is known, and how slowly an observed number is forgotten. */
const COMMON_NODES = 5;
const FORGET_NODES = 0.999;
/** Who was quiet for so long may be forgotten. */
const IDLE_MS = 10_000;
/** A bucket is moved in the order of use no oftener. */
const ORDER_MS = 1_000;

/** Stands for whoever finds no room; no caller or principal has an empty name. */
const OTHERS = '';

type Operations = Map<string, Bucket>;

/**
 * All buckets that this process spends from. To admit a request is a look-up and a subtraction; tokens are leased
 * ahead, for all buckets in one message per tick, and no request waits for them.
 */
export class LeaseBook {
  readonly #options: BookOptions;
  readonly #limits = new Map<string, Map<string, Operations>>();
  readonly #byId = new Map<number, Bucket>();
  readonly #counts = {
    leased: 0,
    ahead: 0,
    alone: 0,
    share: 0,
    open: 0,
    limited: 0,
    unavailable: 0,
    others: 0,
  };
  #queue: Bucket[] = [];
  #newest: Bucket | null = null;
  #oldest: Bucket | null = null;
  #size = 0;
  #nextId = 1;
  /** Holders that a bucket commonly has. */
  #nodes = COMMON_NODES;
  /** The last answer was none. */
  #away = false;

  constructor(options: BookOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#size;
  }

  /** Whether tokens are leased, or shares are spent for want of a store. */
  get mode(): 'lease' | 'share' {
    return this.#away ? 'share' : 'lease';
  }

  get counts(): BookCounts {
    return { ...this.#counts };
  }

  /** Where a request of this subject, and of this operation where the limit tells them apart, is counted. */
  bucket(limit: CompiledLimit, subject: string, operation: string, now: number): Bucket {
    const part = limit.perOperation ? operation : '';
    const known = this.#limits.get(limit.id)?.get(subject)?.get(part);
    const bucket = known ?? this.#newBucket(limit, subject, part, now);
    bucket.limit = limit;
    this.#touch(bucket, now);
    return bucket;
  }

  /** Takes what the request costs. */
  take(bucket: Bucket, now: number): Shortage {
    const { rate, cost, key } = bucket.limit;
    if (rate === null) return null;
    bucket.arrive(cost, now);
    // A pod's connections are all in this process, so there is nobody to share with.
    if (key === 'Pod') return this.#counted(bucket.spendLocally(cost, rate, now) ? 'alone' : 'limited');
    const how = this.#spend(bucket, rate, now);
    if (bucket.wants(now)) {
      bucket.queued = true;
      this.#queue.push(bucket);
    }
    return this.#counted(how);
  }

  #spend(bucket: Bucket, rate: Rate, now: number): keyof BookCounts {
    const { cost, onStoreFailure } = bucket.limit;
    if (bucket.spend(cost, now)) return 'leased';
    if (!bucket.isAway(now)) return bucket.spendAhead(cost, rate, now, this.#nodes) ? 'ahead' : 'limited';
    this.#away = true;
    if (onStoreFailure === 'Closed') return 'unavailable';
    if (onStoreFailure === 'LocalShare')
      return bucket.spendShare(cost, rate, now, this.#nodes) ? 'share' : 'limited';
    bucket.spendFreely(cost);
    return 'open';
  }

  #counted(how: keyof BookCounts): Shortage {
    this.#counts[how]++;
    if (how === 'limited') return 'rate_limited';
    return how === 'unavailable' ? 'limits_unavailable' : null;
  }

  // === asking ===

  /** There is something to ask. */
  get hungry(): boolean {
    return this.#queue.length > 0;
  }

  /** What to send now; empty when nothing is to be asked. */
  collect(now: number): LeaseAsk[] {
    const asks: LeaseAsk[] = [];
    for (const bucket of this.#queue.splice(0, this.#options.maxAsks)) {
      bucket.queued = false;
      const { rate } = bucket.limit;
      if (rate !== null) asks.push(bucket.ask(rate, now));
    }
    return asks;
  }

  grant(grants: readonly LeaseGrant[], now: number): void {
    for (const grant of grants) {
      this.#nodes = Math.max(1, grant.nodes, this.#nodes * FORGET_NODES);
      this.#byId.get(grant.bucket)?.granted(grant, now, this.#options.random());
    }
    if (grants.length > 0) this.#away = false;
  }

  /** The store does not answer for these buckets. */
  fail(buckets: readonly number[], now: number): void {
    for (const bucket of buckets) this.#byId.get(bucket)?.failed(now);
    if (buckets.length > 0) this.#away = true;
  }

  // === which buckets are kept ===

  #newBucket(limit: CompiledLimit, subject: string, operation: string, now: number): Bucket {
    if (this.#size >= this.#options.maxBuckets && !this.#evict(now)) {
      this.#counts.others++;
      const others = this.#limits.get(limit.id)?.get(OTHERS)?.get(OTHERS);
      return others ?? this.#add(limit, OTHERS, OTHERS);
    }
    return this.#add(limit, subject, operation);
  }

  #add(limit: CompiledLimit, subject: string, operation: string): Bucket {
    const key = [limit.id, limit.key, subject, operation].join('|');
    const bucket = new Bucket({ id: this.#nextId++, key, limit, subject, operation });
    const subjects = this.#limits.get(limit.id) ?? new Map<string, Operations>();
    const operations = subjects.get(subject) ?? new Map<string, Bucket>();
    operations.set(operation, bucket);
    subjects.set(subject, operations);
    this.#limits.set(limit.id, subjects);
    this.#byId.set(bucket.id, bucket);
    this.#size++;
    this.#linkNewest(bucket);
    return bucket;
  }

  /**
   * Makes room for a new bucket. False when all are in use: a flood of names must not push out those who are being
   * limited, so whoever comes then shares one bucket.
   */
  #evict(now: number): boolean {
    const bucket = this.#oldest;
    if (bucket === null || bucket.inFlight > 0 || now - bucket.lastUsed < IDLE_MS) return false;
    this.#unlink(bucket);
    this.#byId.delete(bucket.id);
    const subjects = this.#limits.get(bucket.limit.id);
    const operations = subjects?.get(bucket.subject);
    operations?.delete(bucket.operation);
    if (operations?.size === 0) subjects?.delete(bucket.subject);
    if (subjects?.size === 0) this.#limits.delete(bucket.limit.id);
    this.#size--;
    return true;
  }

  #touch(bucket: Bucket, now: number): void {
    if (bucket === this.#newest || now - bucket.orderedAt < ORDER_MS) return;
    this.#unlink(bucket);
    this.#linkNewest(bucket);
    bucket.orderedAt = now;
  }

  #linkNewest(bucket: Bucket): void {
    bucket.older = this.#newest;
    bucket.newer = null;
    if (this.#newest !== null) this.#newest.newer = bucket;
    this.#newest = bucket;
    this.#oldest ??= bucket;
  }

  #unlink(bucket: Bucket): void {
    const { newer, older } = bucket;
    if (newer !== null) newer.older = older;
    else this.#newest = older;
    if (older !== null) older.newer = newer;
    else this.#oldest = newer;
  }
}
