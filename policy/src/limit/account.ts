import type { CompiledLimit } from '../compile/compiled-limit.ts';
import type { LeaseAsk, LeaseGrant } from './lease.ts';
import type { Rate } from './rate.ts';
import { debitFor, timeFor } from './rate.ts';
import { shareOf } from './share.ts';

/** How long leased tokens are good for. */
export const LEASE_MS = 1_000;
/** A lease is meant to last so long. */
const AHEAD_MS = 100;
/** And so long while there are not enough: a token that waits in one hand for its request is missing in all others. */
const SCARCE_MS = 25;
/**
 * Who got less than it asked for asks again after so long on average, or when the store expects to have something: what
 * comes between two asks is admitted in one go, early in one second or late in the one before. And at least every so often.
 */
const RETRY_MS = 15;
const MAX_RETRY_MS = 1_000;
/** The part of the burst that holders may spend before the store has answered. */
const UNSEEN = 1 / 4;
/** For how long it is believed what the store said was left. */
const ROOM_MS = 1_000;
/** No answer for so long is none. */
const ANSWER_MS = 250;
/** How often a store that did not answer is asked again. */
const PROBE_MS = 200;
/** Time constant of the demand. */
const DEMAND_MS = 1_000;

/**
 * What this process has of one bucket in the store: tokens it has leased, and what to ask for. Times are monotonic
 * milliseconds.
 */
export class Account {
  readonly id: number;
  /** Who shares the bucket, and at which operation where the limit tells these apart. */
  readonly name: string;
  limit: CompiledLimit;
  /** Waits to be asked about, or for an answer. */
  queued = false;
  lastUsed = 0;

  #tokens = 0;
  #leaseEnd = 0;
  #askAt = 0;
  /** The store has room: a few tokens may be spent ahead of a lease. */
  #good = true;
  #retryAt = 0;
  #credit = 0;
  /** The store did not answer: part of the rate is spent without it. */
  #away = false;
  #awaySince = 0;
  /** It has come back, and others may not know that yet: until then the share is spent, and paid for. */
  #settlesAt = 0;

  #owed = 0;
  #local = 0;
  /** As much of it as the last ask was about. */
  #localSent = 0;
  /** The part of the rate that was last spent without the store. */
  #share = 0;
  #arrived = 0;
  #sent: LeaseAsk | null = null;
  #sentAt = 0;

  /** Tokens asked for per second, decaying. */
  #demand = 0;
  #demandAt = 0;

  /** Other holders included; 0 before the first answer. */
  #nodes = 0;
  #room = 0;
  #heardAt = 0;
  #total = 0;
  #period = 0;
  #tat = 0;
  /** Reported in the store's period, and in the one before. */
  #own = 0;
  #ownLast = 0;

  /** For when there is nobody to ask: GCRA in microseconds of this process's clock. */
  #localTat = 0;

  constructor(id: number, name: string, limit: CompiledLimit) {
    this.id = id;
    this.name = name;
    this.limit = limit;
  }

  /** Counts a request, whatever becomes of it. */
  arrive(cost: number, now: number): void {
    this.#demand = this.#demand * Math.exp((this.#demandAt - now) / DEMAND_MS) + cost;
    this.#demandAt = now;
    this.#arrived += cost;
    if (!this.#good && now >= this.#retryAt && now - this.lastUsed > LEASE_MS) this.#forgive();
    this.lastUsed = now;
  }

  /** Spends leased tokens. */
  spend(cost: number, now: number): boolean {
    if (this.#tokens > 0 && now >= this.#leaseEnd) {
      this.#owed -= this.#tokens;
      this.#tokens = 0;
    }
    if (this.#tokens < cost) return false;
    this.#tokens -= cost;
    return true;
  }

  /**
   * Spends ahead of a lease, which is paid for with the next ask: else a burst after a quiet time would be refused while
   * the store has plenty. `nodes` is how many holders a bucket commonly has.
   */
  spendAhead(cost: number, rate: Rate, now: number, nodes: number): boolean {
    if (!this.#good || (this.#credit > 0 && this.#credit + cost > this.#free(rate, now, nodes))) return false;
    this.#credit += cost;
    this.#owed += cost;
    return true;
  }

  /** What is known to be left, or else a part of the burst, is divided among all holders; one token each at least. */
  #free({ burst }: Rate, now: number, nodes: number): number {
    const room = now - this.#heardAt < ROOM_MS ? this.#room : 0;
    return Math.max(room, burst * UNSEEN) / (this.#nodes === 0 ? nodes : this.#nodes);
  }

  /** Spends of this holder's part of the rate. */
  spendShare(cost: number, rate: Rate, now: number, nodes: number): boolean {
    const known = this.#nodes === 0 ? nodes : this.#nodes;
    const share = this.#away
      ? shareOf({ own: this.#ownLast, total: this.#total, nodes: known })
      : this.#share;
    if (!this.spendLocally(cost, rate, now, share)) return false;
    this.#share = share;
    if (this.#away) this.#local += cost;
    else this.#owed += cost;
    return true;
  }

  /** GCRA in this process alone. */
  spendLocally(cost: number, rate: Rate, now: number, share = 1): boolean {
    const nowUs = now * 1_000;
    const step = debitFor(rate, cost) / share;
    const tat = Math.max(nowUs, this.#localTat) + step;
    const early = tat - nowUs - Math.max(step, timeFor(rate, rate.burst));
    if (early > 0) {
      this.#retryAt = now + early / 1_000;
      return false;
    }
    this.#localTat = tat;
    return true;
  }

  spendFreely(cost: number): void {
    this.#local += cost;
  }

  /** A request that was admitted here was refused elsewhere. */
  refund(cost: number): void {
    const { key, rate } = this.limit;
    if (key === 'Pod' && rate !== null) this.#localTat -= debitFor(rate, cost);
    else this.#tokens += cost;
  }

  /** Milliseconds after which it is worth trying again. */
  retryMs(now: number): number {
    return Math.max(this.#retryAt - now, 0);
  }

  // === asking ===

  /** True once the store did not answer, until it does. */
  isAway(now: number): boolean {
    if (this.#sent !== null && now - this.#sentAt > ANSWER_MS) this.failed(now);
    return this.#away || now < this.#settlesAt;
  }

  /** Tokens are running short and it is time to ask. */
  wants(now: number): boolean {
    if (this.queued || this.#sent !== null || now < this.#askAt) return false;
    if (this.#away || this.#owed > 0 || this.#local > 0) return true;
    return this.#tokens < this.#ahead(now) / 2;
  }

  /** What is asked for in the time that a lease should last. */
  #ahead(now: number): number {
    const demand = this.#demand * Math.exp((this.#demandAt - now) / DEMAND_MS);
    return demand * ((this.#good ? AHEAD_MS : SCARCE_MS) / DEMAND_MS);
  }

  ask(rate: Rate, now: number): LeaseAsk {
    const { cost } = this.limit;
    const ask = {
      bucket: this.id,
      key: this.#key(rate),
      rate,
      want: this.#want(rate, now),
      least: cost,
      owed: this.#owed,
      local: this.#share === 0 ? this.#local : 0,
      late: this.#late(rate),
      away: this.#away ? Math.ceil((now - this.#awaySince) * 1_000) : 0,
      drained: this.#away ? this.#drained(rate, now) : 0,
      arrived: this.#arrived,
      period: this.#period,
      tat: this.#tat,
    };
    this.#sent = ask;
    this.#sentAt = now;
    this.#localSent = this.#local;
    this.#arrived = 0;
    return ask;
  }

  /**
   * What was spent without the store is paid in full as far as the bucket can have filled up meanwhile: mostly it was not
   * away but slow, or this process was, and the others went on leasing. More than that has not come into the bucket.
   */
  #late({ burst }: Rate): number {
    return Math.min(this.#local, Math.floor(this.#share * burst));
  }

  /** Who had a share says how far it is used up; who had everything, what that makes. */
  #drained(rate: Rate, now: number): number {
    if (this.#share === 0) return Math.min(debitFor(rate, this.#local), timeFor(rate, rate.burst));
    return Math.max(0, Math.floor(this.#localTat - now * 1_000));
  }

  /** The rate is part of it: what was spent of another says nothing about this one. */
  #key({ tokens, windowUs, burst }: Rate): string {
    const { id, key } = this.limit;
    return `${id}|${tokens}/${windowUs}/${burst}|${key}|${this.name}`;
  }

  /** Who needs less than one token at a time pays afterwards, for as long as there is room. */
  #want({ burst }: Rate, now: number): number {
    if (now < this.#settlesAt || (this.#away && this.#share > 0)) return 0;
    const ahead = this.#ahead(now);
    const { cost } = this.limit;
    if (this.#good && ahead < cost) return 0;
    const most = Math.max(cost, Math.floor(burst / 4));
    return Math.max(0, Math.min(most, Math.max(cost, Math.ceil(ahead))) - this.#tokens);
  }

  /** For a process that ends: what it has leased and not spent goes back. Null when that is nothing. */
  close(rate: Rate, now: number): LeaseAsk | null {
    this.#owed -= this.#tokens;
    this.#tokens = 0;
    return this.#owed === 0 && this.#local === 0 ? null : { ...this.ask(rate, now), want: 0 };
  }

  /** `jitter` is from 0 to 1. */
  granted(grant: LeaseGrant, now: number, jitter: number): void {
    const sent = this.#sent;
    if (sent === null) return;
    this.#settled(sent, grant, now);
    if (this.#away) this.#return(grant, now);
    this.#tokens += grant.granted;
    if (grant.granted > 0) this.#leaseEnd = now + LEASE_MS;
    this.#retryAt = now + grant.retryMs;
    if (grant.retryMs === 0) this.#forgive();
    else this.#good = false;
    const short = grant.granted < Math.max(sent.want, this.#good ? 0 : sent.least);
    const wait = Math.min(MAX_RETRY_MS, Math.max(RETRY_MS, grant.retryMs));
    this.#askAt = short && now >= this.#settlesAt ? now + wait * (0.5 + jitter) : now;
  }

  /** The store is back. What was spent since it was asked is paid with the next ask. */
  #return({ settlingMs }: LeaseGrant, now: number): void {
    this.#away = false;
    if (this.#share === 0) return;
    this.#owed += this.#local;
    this.#local = 0;
    this.#settlesAt = now + settlingMs;
  }

  #settled(sent: LeaseAsk, { nodes, room, total, period, tat }: LeaseGrant, now: number): void {
    this.#sent = null;
    this.#owed -= sent.owed;
    this.#local -= this.#localSent;
    if (period !== this.#period) {
      this.#ownLast = period === this.#period + 1 ? this.#own : 0;
      this.#own = 0;
    }
    this.#own += sent.arrived;
    this.#period = period;
    this.#total = total;
    this.#nodes = nodes;
    this.#room = room;
    this.#heardAt = now;
    this.#tat = tat;
  }

  /** No answer comes. */
  failed(now: number): void {
    const sent = this.#sent;
    if (sent === null) return;
    this.#sent = null;
    this.#askAt = now + PROBE_MS;
    // Nobody knows whether it was heard. What came back is given up; what was spent is paid as if the store had been away.
    if (sent.owed < 0) this.#owed -= sent.owed;
    this.#local += Math.max(0, this.#owed);
    this.#owed = Math.min(0, this.#owed);
    if (this.#away) return;
    this.#away = true;
    this.#awaySince = this.#sentAt;
    if (now < this.#settlesAt) return;
    // A bucket that was empty starts empty.
    this.#localTat = this.#good ? 0 : Math.floor(now * 1_000) + timeFor(sent.rate, sent.rate.burst);
  }

  #forgive(): void {
    this.#good = true;
    this.#credit = 0;
  }
}
