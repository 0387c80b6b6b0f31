import type { Decision } from '../model/decision.ts';
import { canonicalPath } from '../path/canonical.ts';
import type { CompiledRule, CompiledRules } from './compiled-rules.ts';
import { clearAllows, clearLanes, emptyLanes, type Lane, type Lanes, mergeLanes, NO_RULE } from './lanes.ts';
import type { Governed } from './scope.ts';

/** A policy that governs a connection, cut down to the rules that can speak of it. */
export interface Selected<Policy> {
  readonly policy: Policy;
  /** Positions in `policy.rules`, ascending. */
  readonly rules: readonly number[];
  /** Positions in the list of its expectations; absent where there are none. */
  readonly expectations?: readonly number[];
}

export interface RankedRule<To> {
  readonly rule: CompiledRule<To>;
  readonly lane: Lane;
  /** Place among all rules of all policies. */
  readonly rank: number;
}

/** Finds the rules that match a request. `path` is canonical; adds to `into` the lowest rank per lane. */
export interface Matcher {
  match(method: string, path: string, into: Lanes): void;
}

export const UNGOVERNED: Decision = Object.freeze({
  verdict: 'allow',
  reason: 'ungoverned',
  policy: null,
  rule: null,
});

/** Turns the rules that match into the one decision; where they come from is for the scopes to know. */
export class DecisionTable<To> {
  readonly governed: Governed;
  readonly unreadable: Decision;
  readonly ranked: readonly RankedRule<To>[];
  /** First policy that governs, by mode. */
  readonly #enforced: CompiledRules<To> | null;
  readonly #audited: CompiledRules<To> | null;
  readonly #ambiguousPath: Decision;
  readonly #found = emptyLanes();
  readonly #folded = emptyLanes();

  /** `selected` is in order of policy namespace and name. */
  constructor(selected: readonly Selected<CompiledRules<To>>[]) {
    this.#enforced = selected.find(({ policy }) => policy.enforced)?.policy ?? null;
    this.#audited = selected.find(({ policy }) => !policy.enforced)?.policy ?? null;
    this.governed = this.#enforced !== null ? 'enforce' : this.#audited !== null ? 'audit' : 'no';
    const strictest = this.#enforced ?? this.#audited;
    this.unreadable = strictest?.unreadable ?? UNGOVERNED;
    this.#ambiguousPath = strictest?.ambiguousPath ?? UNGOVERNED;
    this.ranked = selected
      .flatMap(({ policy, rules }) => rules.map((at) => ruleAt(policy, at)))
      .map(({ rule, lane }, rank) => ({ rule, lane, rank }));
  }

  /** Total and without allocation. `path` is the raw path of the request target, without the query. */
  judge(matcher: Matcher, method: string, path: string): Decision {
    if (this.governed === 'no') return UNGOVERNED;
    const canonical = canonicalPath(path);
    if (canonical === null) return this.#ambiguousPath;
    clearLanes(this.#found);
    matcher.match(method, canonical, this.#found);
    if (!isUpperCase(method)) this.#foldMethod(matcher, method, canonical);
    return this.#decide();
  }

  /**
   * Methods are case-sensitive (RFC 9110 §9.1), but some servers take `delete` for DELETE. So an oddly spelled
   * method is denied by what denies the upper-case one, and allowed only by rules that name no method.
   */
  #foldMethod(matcher: Matcher, method: string, path: string): void {
    clearLanes(this.#folded);
    matcher.match(method.toUpperCase(), path, this.#folded);
    clearAllows(this.#folded);
    mergeLanes(this.#found, this.#folded);
  }

  /** Enforced Deny, enforced default, then the same for the audited policies as if they were enforced too. */
  #decide(): Decision {
    const { enforceDeny, enforceAllow, auditDeny, auditAllow } = this.#found;
    if (enforceDeny !== NO_RULE) return this.#decisionOf(enforceDeny);
    const enforced = this.#enforced;
    if (enforced !== null && enforceAllow === NO_RULE) return enforced.noRuleAllows;
    if (auditDeny !== NO_RULE) return this.#decisionOf(auditDeny);
    const allow = enforceAllow !== NO_RULE ? enforceAllow : auditAllow;
    if (allow !== NO_RULE) return this.#decisionOf(allow);
    return this.#audited?.noRuleAllows ?? UNGOVERNED;
  }

  #decisionOf(rank: number): Decision {
    return this.ranked[rank]?.rule.decision ?? UNGOVERNED;
  }
}

function ruleAt<To>(policy: CompiledRules<To>, at: number): { rule: CompiledRule<To>; lane: Lane } {
  const rule = policy.rules[at];
  if (rule === undefined) throw new Error(`policy \`${policy.id}\` has no rule at ${at}`);
  if (policy.enforced) return { rule, lane: rule.allows ? 'enforceAllow' : 'enforceDeny' };
  return { rule, lane: rule.allows ? 'auditAllow' : 'auditDeny' };
}

function isUpperCase(method: string): boolean {
  for (let i = 0; i < method.length; i++) {
    const code = method.charCodeAt(i);
    if (code >= 0x61 && code <= 0x7a) return false;
  }
  return true;
}
