import { defaultBurst, parseRate, type Rate } from '../limit/rate.ts';
import type { Decision, LimitReason } from '../model/decision.ts';
import type { Limit, LimitKey, OnStoreFailure } from '../model/limit.ts';

/** A limit made ready once: what a request that meets it costs is a look-up and a subtraction. */
export interface CompiledLimit {
  /** Equal ids are one limit, across versions of the policy: buckets are kept under it. */
  readonly id: string;
  /** For answers, logs and metrics: the limit's own name, or its rule's. */
  readonly name: string;
  readonly key: LimitKey;
  readonly perOperation: boolean;
  /** Null when only concurrency is limited. */
  readonly rate: Rate | null;
  /** Tokens per request. */
  readonly cost: number;
  /** Requests under way at once; 0 is no limit. */
  readonly concurrency: number;
  readonly onStoreFailure: OnStoreFailure;
  /** What a request gets that exceeds it: a denial, or in Audit a `would-deny`. */
  readonly refusals: Readonly<Record<LimitReason, Decision>>;
}

/** The rule that holds the limits, and how it names what it decides. */
export interface LimitHolder {
  /** Tells ApiPolicies from EgressPolicies of the same name. */
  readonly kind: string;
  readonly policy: string;
  readonly rule: string;
  refuse(reason: LimitReason): Decision;
}

export function compileLimits(limits: readonly Limit[], holder: LimitHolder): readonly CompiledLimit[] {
  const refusals = {
    rate_limited: holder.refuse('rate_limited'),
    concurrency_limited: holder.refuse('concurrency_limited'),
    limits_unavailable: holder.refuse('limits_unavailable'),
  };
  return limits.map((limit, at) => ({
    // A name of its own holds no `/`, so it can't be taken for a place in a rule.
    id: `${holder.kind}:${holder.policy}:${limit.name ?? `${holder.rule}/${at}`}`,
    name: limit.name ?? holder.rule,
    key: limit.key,
    perOperation: limit.perOperation ?? false,
    rate: rateOf(limit),
    cost: limit.cost ?? 1,
    concurrency: limit.concurrency ?? 0,
    onStoreFailure: limit.onStoreFailure ?? 'LocalShare',
    refusals,
  }));
}

/** Throws when the rate is invalid: a parsed policy has none, so that is a bug of whoever built the object. */
function rateOf({ rate, burst }: Limit): Rate | null {
  if (rate === undefined) return null;
  const parsed = parseRate(rate);
  if (parsed === null) throw new Error(`rate \`${rate}\``);
  return { ...parsed, burst: burst ?? defaultBurst(parsed) };
}
