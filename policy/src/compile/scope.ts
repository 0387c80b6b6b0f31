import type { Decision } from '../model/decision.ts';
import { canonicalPath } from '../path/canonical.ts';
import type { CompiledPolicy, CompiledRule } from './compiled-policy.ts';
import { clearAllows, clearLanes, emptyLanes, type Lane, mergeLanes, NO_RULE } from './lanes.ts';
import { PathTrie } from './path-trie.ts';

/** A policy that selects a destination, cut down to the rules that speak of one caller. */
export interface Selected {
  readonly policy: CompiledPolicy;
  /** Positions in `policy.rules`, ascending. */
  readonly rules: readonly number[];
}

export type Governed = 'no' | 'audit' | 'enforce';

const UNGOVERNED: Decision = Object.freeze({
  verdict: 'allow',
  reason: 'ungoverned',
  policy: null,
  rule: null,
});

/**
 * All that policies say about one caller at one destination. Build it once per connection (or get it from
 * `PolicySet.scope`, which keeps them), then ask for each request.
 */
export class Scope {
  /** Whether a request can be denied here, or only reported, or neither. */
  readonly governed: Governed;
  /** Rules in the scope: what it costs to build and to keep. */
  readonly size: number;
  readonly #trie = new PathTrie();
  /** By rank. */
  readonly #decisions: readonly Decision[];
  /** First policy that selects the destination, by mode. */
  readonly #enforced: CompiledPolicy | null;
  readonly #audited: CompiledPolicy | null;
  readonly #found = emptyLanes();
  readonly #folded = emptyLanes();

  /** `selected` is in order of policy namespace and name. */
  constructor(selected: readonly Selected[]) {
    this.#enforced = selected.find(({ policy }) => policy.enforced)?.policy ?? null;
    this.#audited = selected.find(({ policy }) => !policy.enforced)?.policy ?? null;
    this.governed = this.#enforced !== null ? 'enforce' : this.#audited !== null ? 'audit' : 'no';
    const rules = selected.flatMap(({ policy, rules }) => rules.map((at) => ruleAt(policy, at)));
    for (const [rank, { rule, lane }] of rules.entries()) {
      for (const { template, methods } of rule.operations) this.#trie.add(template, methods, { lane, rank });
    }
    this.#decisions = rules.map(({ rule }) => rule.decision);
    this.size = rules.length;
  }

  /** Total and without allocation. `path` is the raw path of the request target, without the query. */
  evaluate(method: string, path: string): Decision {
    if (this.governed === 'no') return UNGOVERNED;
    const canonical = canonicalPath(path);
    if (canonical === null) return (this.#enforced ?? this.#audited)?.ambiguousPath ?? UNGOVERNED;
    clearLanes(this.#found);
    this.#trie.match(method, canonical, this.#found);
    if (!isUpperCase(method)) this.#foldMethod(method, canonical);
    return this.#decide();
  }

  /**
   * Methods are case-sensitive (RFC 9110 §9.1), but some servers take `delete` for DELETE. So an oddly spelled
   * method is denied by what denies the upper-case one, and allowed only by rules that name no method.
   */
  #foldMethod(method: string, path: string): void {
    clearLanes(this.#folded);
    this.#trie.match(method.toUpperCase(), path, this.#folded);
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
    return this.#decisions[rank] ?? UNGOVERNED;
  }
}

function ruleAt(policy: CompiledPolicy, at: number): { rule: CompiledRule; lane: Lane } {
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
