import type { CompiledLimit } from '../compile/compiled-limit.ts';
import { Account } from './account.ts';
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
/** A store that nobody has asked for so long may be there or not. */
const UNASKED_MS = 10_000;
/** A bucket is moved in the order of use no oftener. */
const ORDER_MS = 1_000;

/** Stands for whoever finds no room; no caller or principal has an empty name. */
const OTHERS = '';

/**
 * All buckets that this process spends from. To admit a request is a look-up and a subtraction; tokens are leased
 * ahead, for all buckets in one message per tick, and no request waits for them.
 */
export class LeaseBook {
  readonly #options: BookOptions;
  /** By limit, then by name. */
  readonly #limits = new Map<string, Map<string, Bucket>>();
  readonly #accounts = new Map<number, Account>();
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
  #queue: Account[] = [];
  #newest: Bucket | null = null;
  #oldest: Bucket | null = null;
  #size = 0;
  #nextId = 1;
  /** Holders that a bucket commonly has. */
  #nodes = COMMON_NODES;
  /** When there was last no answer, or none to spend by; null once there is one. */
  #awayAt: number | null = null;

  constructor(options: BookOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#size;
  }

  /** Whether tokens are leased, or shares are spent for want of a store. Whoever asks for nothing hears of no return. */
  mode(now: number): 'lease' | 'share' {
    return this.#awayAt !== null && now - this.#awayAt < UNASKED_MS ? 'share' : 'lease';
  }

  get counts(): BookCounts {
    return { ...this.#counts };
  }

  /** Where a request of this subject, and of this operation where the limit tells them apart, is counted. */
  bucket(limit: CompiledLimit, subject: string, operation: string, now: number): Bucket {
    // Neither holds a line break: they are names of the cluster, and of what is learnt or declared.
    const name = limit.perOperation ? `${subject}\n${operation}` : subject;
    const bucket = this.#limits.get(limit.id)?.get(name) ?? this.#newBucket(limit, name, now);
    if (bucket.account.limit !== limit) this.#follow(bucket, limit);
    this.#touch(bucket, now);
    return bucket;
  }

  /** Takes what the request costs. */
  take({ account }: Bucket, now: number): Shortage {
    const { rate, cost, key } = account.limit;
    if (rate === null) return null;
    account.arrive(cost, now);
    // A pod's connections are all in this process, so there is nobody to share with.
    if (key === 'Pod') return this.#counted(account.spendLocally(cost, rate, now) ? 'alone' : 'limited');
    const how = this.#spend(account, rate, now);
    if (account.wants(now)) {
      account.queued = true;
      this.#queue.push(account);
    }
    return this.#counted(how);
  }

  #spend(account: Account, rate: Rate, now: number): keyof BookCounts {
    const { cost, onStoreFailure } = account.limit;
    if (account.spend(cost, now)) return 'leased';
    if (!account.isAway(now)) return account.spendAhead(cost, rate, now, this.#nodes) ? 'ahead' : 'limited';
    this.#awayAt = now;
    if (onStoreFailure === 'Closed') return 'unavailable';
    if (onStoreFailure === 'LocalShare')
      return account.spendShare(cost, rate, now, this.#nodes) ? 'share' : 'limited';
    account.spendFreely(cost);
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
    for (const account of this.#queue.splice(0, this.#options.maxAsks)) {
      account.queued = false;
      const { rate } = account.limit;
      if (rate !== null && this.#accounts.get(account.id) === account) asks.push(account.ask(rate, now));
    }
    return asks;
  }

  /** For a process that ends: settles all accounts, in messages of asks. */
  close(now: number): LeaseAsk[][] {
    const asks: LeaseAsk[] = [];
    for (const account of this.#accounts.values()) {
      const { rate } = account.limit;
      const ask = rate === null ? null : account.close(rate, now);
      if (ask !== null) asks.push(ask);
    }
    const { maxAsks } = this.#options;
    return Array.from({ length: Math.ceil(asks.length / maxAsks) }, (_, i) =>
      asks.slice(i * maxAsks, (i + 1) * maxAsks),
    );
  }

  grant(grants: readonly LeaseGrant[], now: number): void {
    for (const grant of grants) {
      this.#nodes = Math.max(1, grant.nodes, this.#nodes * FORGET_NODES);
      this.#accounts.get(grant.bucket)?.granted(grant, now, this.#options.random());
    }
    if (grants.length > 0) this.#awayAt = null;
  }

  /** The store does not answer for these buckets. */
  fail(buckets: readonly number[], now: number): void {
    for (const bucket of buckets) this.#accounts.get(bucket)?.failed(now);
    if (buckets.length > 0) this.#awayAt = now;
  }

  // === which buckets are kept ===

  #newBucket(limit: CompiledLimit, name: string, now: number): Bucket {
    if (this.#size >= this.#options.maxBuckets && !this.#evict(now)) {
      this.#counts.others++;
      return this.#limits.get(limit.id)?.get(OTHERS) ?? this.#add(limit, OTHERS);
    }
    return this.#add(limit, name);
  }

  #add(limit: CompiledLimit, name: string): Bucket {
    const bucket = new Bucket(this.#open(limit, name));
    const buckets = this.#limits.get(limit.id) ?? new Map<string, Bucket>();
    buckets.set(name, bucket);
    this.#limits.set(limit.id, buckets);
    this.#size++;
    this.#linkNewest(bucket);
    return bucket;
  }

  #open(limit: CompiledLimit, name: string): Account {
    const account = new Account(this.#nextId++, name, limit);
    this.#accounts.set(account.id, account);
    return account;
  }

  /** A new version of the policy. */
  #follow(bucket: Bucket, limit: CompiledLimit): void {
    const { account } = bucket;
    const before = account.limit;
    if (before.key === limit.key && isSameRate(before.rate, limit.rate)) {
      account.limit = limit;
      return;
    }
    this.#accounts.delete(account.id);
    bucket.account = this.#open(limit, account.name);
  }

  /**
   * Makes room for a new bucket. False when all are in use: a flood of names must not push out those who are being
   * limited, so whoever comes then shares one bucket.
   */
  #evict(now: number): boolean {
    const bucket = this.#oldest;
    if (bucket === null || bucket.inFlight > 0 || now - bucket.account.lastUsed < IDLE_MS) return false;
    this.#unlink(bucket);
    const { id, name, limit } = bucket.account;
    this.#accounts.delete(id);
    const buckets = this.#limits.get(limit.id);
    buckets?.delete(name);
    if (buckets?.size === 0) this.#limits.delete(limit.id);
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

const isSameRate = (a: Rate | null, b: Rate | null): boolean =>
  a?.tokens === b?.tokens && a?.windowUs === b?.windowUs && a?.burst === b?.burst;
