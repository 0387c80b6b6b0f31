import type { Destination } from '../model/destination.ts';
import type { ApiPolicy } from '../model/policy.ts';
import type { Workload } from '../model/workload.ts';
import { ApiScope } from './api-scope.ts';
import { type CompiledPolicy, compilePolicy } from './compiled-policy.ts';
import { NamespacePolicies } from './namespace-policies.ts';
import { type Change, PolicyStore, type StoreKind } from './policy-store.ts';
import type { Scope } from './scope.ts';
import { type CacheLimits, DEFAULT_CACHE_LIMITS, ScopeCache, signatureOf } from './scope-cache.ts';
import { select } from './select.ts';

export type PolicyChange = Change<ApiPolicy>;

const KIND: StoreKind<ApiPolicy, CompiledPolicy, NamespacePolicies> = {
  compile: compilePolicy,
  index: (byName) => new NamespacePolicies(byName.values()),
};

type Store = PolicyStore<ApiPolicy, CompiledPolicy, NamespacePolicies>;

/**
 * A snapshot of all accepted ApiPolicies, indexed by the Services they select. It never changes what it answers:
 * `with` makes the next one, which shares everything that the change doesn't touch.
 */
export class PolicySet {
  /** One more than that of the set it was made from. */
  readonly version: number;
  readonly #store: Store;
  readonly #limits: CacheLimits;
  readonly #cache: ScopeCache;

  private constructor(version: number, store: Store, limits: CacheLimits) {
    this.version = version;
    this.#store = store;
    this.#limits = limits;
    this.#cache = new ScopeCache(limits);
  }

  /** The set without policies, version 0; `limits` bounds the scope cache of this set and of those made from it. */
  static empty(limits: Partial<CacheLimits> = {}): PolicySet {
    return new PolicySet(0, PolicyStore.empty(KIND), { ...DEFAULT_CACHE_LIMITS, ...limits });
  }

  /** Number of policies, whatever their mode. */
  get size(): number {
    return this.#store.size;
  }

  /** The next set. Only the namespaces named in the change are indexed again; removals come first. */
  with(change: PolicyChange): PolicySet {
    return new PolicySet(this.version + 1, this.#store.with(change), this.#limits);
  }

  /** What the policies say about this caller at this destination: ask it for each request. */
  scope(caller: Workload, destination: Destination): Scope {
    const known = this.#cache.get(caller, destination);
    if (known !== undefined) return known;
    const selected = select(this.#store, caller, destination);
    return this.#cache.add(caller, destination, {
      signature: signatureOf(selected),
      build: () => new ApiScope(selected),
    });
  }
}
