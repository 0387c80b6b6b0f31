import {
  type Bucket,
  type CompiledLimit,
  type Decision,
  type LeaseAsk,
  LeaseBook,
  type LeaseGrant,
  type LimitReason,
  type Workload,
} from '@eastwall/policy';
import type { LimitCell, LimitTotals } from '../record/limit-totals.ts';

export interface LimitGuardOptions {
  readonly maxBuckets: number;
  /** From 0 to 1. */
  readonly random: () => number;
  /** Tokens are running short: call `collect` within a tick. */
  wake(): void;
}

/** In whose name a request comes, and what it asks for. */
export interface LimitedRequest {
  readonly caller: Workload;
  /** Verified; null where there is none. */
  readonly principal: string | null;
  /** A path template, a tool: any text that names what is asked for. */
  readonly operation: string;
}

/** A limit that has no room. In Audit the request passes all the same. */
export interface LimitRefusal {
  readonly decision: Decision;
  readonly limit: CompiledLimit;
  /** After which it is worth trying again; 0 when nobody knows. */
  readonly retryMs: number;
}

/** What an exchange counts for while it is under way. Giving it back twice gives it back once. */
export class Holding {
  readonly #buckets: Bucket[] = [];

  add(bucket: Bucket): void {
    bucket.inFlight++;
    this.#buckets.push(bucket);
  }

  release(): void {
    // Mostly there is none, and an empty array is not emptied for nothing.
    for (let bucket = this.#buckets.pop(); bucket !== undefined; bucket = this.#buckets.pop())
      bucket.inFlight--;
  }
}

/** Asks per message to control: it is read in one turn of its event loop. */
const MAX_ASKS = 512;
/** Limits that are counted apart; policies bound them, and what comes after is not counted. */
const MAX_CELLS = 10_000;

/** Characters of an operation or principal that tell it from others. */
const MAX_NAME = 512;

/** Counts requests against the limits of the rule that allows them. */
export class LimitGuard {
  readonly #book: LeaseBook;
  readonly #options: LimitGuardOptions;
  readonly #workloads = new WeakMap<Workload, string>();
  #cells = new Map<string, LimitCell>();
  #unverified = 0;
  #awake = false;

  constructor(options: LimitGuardOptions) {
    this.#options = options;
    const { maxBuckets, random } = options;
    this.#book = new LeaseBook({ maxBuckets, maxAsks: MAX_ASKS, random });
  }

  /** Null when all limits of the decision have room, which `holding` then keeps until it is released. */
  admit(decision: Decision, request: LimitedRequest, holding: Holding, now: number): LimitRefusal | null {
    const { limits } = decision;
    if (limits === undefined) return null;
    const refusal = this.#take(limits, request, holding, now);
    if (refusal?.decision.verdict === 'deny') holding.release();
    if (!this.#awake && this.#book.hungry) {
      this.#awake = true;
      this.#options.wake();
    }
    return refusal;
  }

  #take(
    limits: readonly CompiledLimit[],
    request: LimitedRequest,
    holding: Holding,
    now: number,
  ): LimitRefusal | null {
    let refusal: LimitRefusal | null = null;
    const paid: Bucket[] = [];
    for (const limit of limits) {
      const bucket = this.#book.bucket(
        limit,
        this.#subject(limit, request),
        request.operation.slice(0, MAX_NAME),
        now,
      );
      const full = limit.concurrency > 0 && bucket.inFlight >= limit.concurrency;
      const shortage = full ? 'concurrency_limited' : this.#book.take(bucket, now);
      this.#count(limit, shortage);
      if (shortage === null && limits.length > 1) paid.push(bucket);
      if (shortage !== null)
        refusal ??= {
          decision: limit.refusals[shortage],
          limit,
          retryMs: full ? 0 : bucket.account.retryMs(now),
        };
      if (refusal?.decision.verdict === 'deny') break;
      if (limit.concurrency > 0) holding.add(bucket);
    }
    // What is refused takes nothing from the limits that had room.
    if (refusal?.decision.verdict === 'deny')
      for (const bucket of paid) bucket.account.refund(bucket.account.limit.cost);
    return refusal;
  }

  #subject({ key }: CompiledLimit, { caller, principal }: LimitedRequest): string {
    switch (key) {
      case 'Pod':
        return caller.uid;
      case 'Workload':
        return this.#workload(caller);
      case 'Namespace':
        return caller.namespace;
      case 'Principal':
        if (principal !== null) return `principal ${principal.slice(0, MAX_NAME)}`;
        this.#unverified++;
        return this.#workload(caller);
      case 'All':
        return 'all';
    }
  }

  #workload(caller: Workload): string {
    const known = this.#workloads.get(caller);
    if (known !== undefined) return known;
    const name = `${caller.namespace}/${caller.kind}/${caller.name}`;
    this.#workloads.set(caller, name);
    return name;
  }

  #count({ id, name, refusals }: CompiledLimit, shortage: LimitReason | null): void {
    let cell = this.#cells.get(id);
    if (cell === undefined) {
      if (this.#cells.size >= MAX_CELLS) return;
      const { policy, verdict } = refusals.rate_limited;
      cell = { policy: policy ?? '', limit: name, enforced: verdict === 'deny', admitted: 0, refused: 0 };
      this.#cells.set(id, cell);
    }
    if (shortage === null) cell.admitted++;
    else cell.refused++;
  }

  // === leases ===

  /** What to ask control for; call it again after a tick while `hungry`. */
  collect(now: number): LeaseAsk[] {
    this.#awake = false;
    return this.#book.collect(now);
  }

  /** For a process that ends: what to tell control last. */
  close(now: number): LeaseAsk[][] {
    return this.#book.close(now);
  }

  get hungry(): boolean {
    return this.#book.hungry;
  }

  replied(grants: readonly LeaseGrant[], failed: readonly number[], now: number): void {
    this.#book.grant(grants, now);
    this.#book.fail(failed, now);
  }

  /** What was counted since the last call. */
  takeTotals(now: number): LimitTotals {
    const totals = {
      mode: this.#book.mode(now),
      buckets: this.#book.size,
      spent: this.#book.counts,
      unverified: this.#unverified,
      cells: [...this.#cells.values()],
    };
    this.#cells = new Map();
    return totals;
  }
}
