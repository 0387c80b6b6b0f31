import type { CompiledLimit } from '../compile/compiled-limit.ts';
import type { RuleEnumeration } from './enumeration.ts';

/** What a request calls, as far as decisions depend on it. `path` is the raw request target's path, without the query. */
export interface Call {
  readonly method: string;
  readonly path: string;
}

/** `would-deny` comes from Audit policies only: the request passes and is reported. */
export type Verdict = 'allow' | 'would-deny' | 'deny';

export const REASONS = {
  ungoverned: 'no policy selects this destination',
  allowed_by_rule: 'a rule allows it',
  denied_by_rule: 'a rule denies it',
  no_rule_allows: 'an enforced policy selects this destination and no rule allows the request',
  ambiguous_path: 'the path can be read in two ways, so no rule can judge it',
  unreadable_protocol:
    'an enforced policy selects this destination and the connection speaks nothing it can read',
  rate_limited: 'the rule that allows it has a limit, and more requests came than its rate',
  concurrency_limited: 'the rule that allows it has a limit, and as many requests are under way',
  limits_unavailable:
    'the rule that allows it has a limit whose state is out of reach, and which is closed then',
  quarantined: 'the caller is quarantined: nothing that it asks for passes',
  blocked_by_guard: 'a guard refuses what this caller does here',
  throttled_by_guard: 'a guard lets only some of the requests of this caller pass here',
} as const;
export type Reason = keyof typeof REASONS;
/** Why a limit refuses what its rule allows. */
export type LimitReason = 'rate_limited' | 'concurrency_limited' | 'limits_unavailable';

/**
 * The answer, with what decided it. `policy` is `namespace/name`; for `no_rule_allows` it is
 * the policy that selects the destination, and `rule` is null. Where a guard decides, `policy` is null and `rule` is the
 * detection.
 */
export interface Decision {
  readonly verdict: Verdict;
  readonly reason: Reason;
  readonly policy: string | null;
  readonly rule: string | null;
  /** What the rule that allows it still asks for; absent when nothing. Of no use in a record. */
  readonly limits?: readonly CompiledLimit[];
  /** How the rule that allows it guards against enumeration; absent: as the profile says. Of no use in a record. */
  readonly enumeration?: RuleEnumeration;
}
