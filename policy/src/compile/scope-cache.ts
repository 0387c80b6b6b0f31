import type { Destination } from '../model/destination.ts';
import type { Workload } from '../model/workload.ts';
import type { Selected } from './decision-table.ts';
import type { Scope } from './scope.ts';

export interface CacheLimits {
  /** Caller × destination pairs whose scope is remembered. */
  readonly maxPairs: number;
  /** Rules of all remembered scopes together; in a scope a rule takes about half a kilobyte per template. */
  readonly maxRules: number;
}

export const DEFAULT_CACHE_LIMITS: CacheLimits = { maxPairs: 16_384, maxRules: 50_000 };

interface Pair {
  readonly caller: Workload;
  readonly destination: Destination;
  readonly scope: Scope;
}

/** How to make a scope, unless there is one that was made from the same. */
export interface ScopeRecipe {
  /** Equal signatures mean equal scopes, within one cache. */
  readonly signature: string;
  build(): Scope;
}

/**
 * Remembers scopes by caller × destination. Pairs that end up with the same rules (replicas of a workload, Services
 * under one policy) share one scope. Full means cleared: a scope is cheap to build again, and bookkeeping
 * for a kinder eviction would be paid on every request.
 */
export class ScopeCache {
  readonly #limits: CacheLimits;
  readonly #pairs = new Map<string, Map<string, Pair>>();
  #pairCount = 0;
  readonly #scopes = new Map<string, Scope>();
  #ruleCount = 0;

  constructor(limits: CacheLimits) {
    this.#limits = limits;
  }

  get size(): { readonly pairs: number; readonly scopes: number; readonly rules: number } {
    return { pairs: this.#pairCount, scopes: this.#scopes.size, rules: this.#ruleCount };
  }

  get(caller: Workload, destination: Destination): Scope | undefined {
    const pair = this.#pairs.get(caller.uid)?.get(destination.key);
    if (pair === undefined) return undefined;
    if (pair.caller !== caller && !isSameCaller(pair.caller, caller)) return undefined;
    if (pair.destination !== destination && !isSameDestination(pair.destination, destination))
      return undefined;
    return pair.scope;
  }

  add(caller: Workload, destination: Destination, recipe: ScopeRecipe): Scope {
    if (this.#pairCount >= this.#limits.maxPairs) this.#clear();
    const scope = this.#shared(recipe);
    const pairs = this.#pairs.get(caller.uid) ?? new Map<string, Pair>();
    this.#pairs.set(caller.uid, pairs);
    if (!pairs.has(destination.key)) this.#pairCount++;
    pairs.set(destination.key, { caller, destination, scope });
    return scope;
  }

  #shared({ signature, build }: ScopeRecipe): Scope {
    const known = this.#scopes.get(signature);
    if (known !== undefined) return known;
    const scope = build();
    if (this.#ruleCount + scope.size > this.#limits.maxRules) this.#clear();
    this.#ruleCount += scope.size;
    this.#scopes.set(signature, scope);
    return scope;
  }

  #clear(): void {
    this.#pairs.clear();
    this.#scopes.clear();
    this.#pairCount = 0;
    this.#ruleCount = 0;
  }
}

/** Equal signatures mean equal scopes: a serial names one version of one policy. */
export function signatureOf(selected: readonly Selected<{ readonly serial: number }>[]): string {
  return selected
    .map(({ policy, rules, expectations = [] }) => `${policy.serial}:${rules.join()}:${expectations.join()}`)
    .join(';');
}

/** A pod keeps its uid when somebody relabels it, so the fields that policies look at are compared. */
function isSameCaller(a: Workload, b: Workload): boolean {
  return (
    a.namespace === b.namespace &&
    a.serviceAccount === b.serviceAccount &&
    a.kind === b.kind &&
    a.name === b.name &&
    hasSameLabels(a.labels, b.labels)
  );
}

function hasSameLabels(a: Workload['labels'], b: Workload['labels']): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}

/** Keys are meant to tell destinations apart, but a stale answer here would be a hole, and looking costs little. */
function isSameDestination(a: Destination, b: Destination): boolean {
  return (
    a.ip === b.ip &&
    a.port === b.port &&
    a.services.length === b.services.length &&
    a.services.every((ref, at) => {
      const other = b.services[at];
      return ref.namespace === other?.namespace && ref.service === other.service && ref.port === other.port;
    })
  );
}
