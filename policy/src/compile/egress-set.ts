import type { Destination } from '../model/destination.ts';
import type { EgressPolicy } from '../model/egress-policy.ts';
import type { Workload } from '../model/workload.ts';
import { type CompiledEgress, compileEgress, governs } from './compiled-egress.ts';
import { EgressProfile, signatureOf } from './egress-profile.ts';
import { EgressScope } from './egress-scope.ts';
import { type Change, PolicyStore, type StoreKind } from './policy-store.ts';
import type { Scope } from './scope.ts';
import { type CacheLimits, DEFAULT_CACHE_LIMITS, ScopeCache } from './scope-cache.ts';

export type EgressChange = Change<EgressPolicy>;

/** The policies of one namespace in order of name, by code units: the order is the same on every node. */
type ByName = readonly CompiledEgress[];
type Store = PolicyStore<EgressPolicy, CompiledEgress, ByName>;

const KIND: StoreKind<EgressPolicy, CompiledEgress, ByName> = {
  compile: compileEgress,
  index: (byName) => [...byName].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, policy]) => policy),
};

const UNGOVERNED: Scope = new EgressScope(new EgressProfile([]), []);

/**
 * A snapshot of all accepted EgressPolicies. It never changes what it answers: `with` makes the next one, which shares
 * everything that the change doesn't touch.
 */
export class EgressSet {
  readonly #store: Store;
  readonly #limits: CacheLimits;
  readonly #cache: ScopeCache;
  /** By caller; a pod that is relabelled is another object. */
  #profiles = new WeakMap<Workload, EgressProfile>();
  /** By signature: the pods of a namespace mostly share one. */
  readonly #shared = new Map<string, EgressProfile>();
  #sharedSize = 0;

  private constructor(store: Store, limits: CacheLimits) {
    this.#store = store;
    this.#limits = limits;
    this.#cache = new ScopeCache(limits);
  }

  /** The set without policies; `limits` bounds the caches of this set and of those made from it. */
  static empty(limits: Partial<CacheLimits> = {}): EgressSet {
    return new EgressSet(PolicyStore.empty(KIND), { ...DEFAULT_CACHE_LIMITS, ...limits });
  }

  /** Number of policies, whatever their mode. */
  get size(): number {
    return this.#store.size;
  }

  /** The next set. Only the namespaces named in the change are indexed again; removals come first. */
  with(change: EgressChange): EgressSet {
    return new EgressSet(this.#store.with(change), this.#limits);
  }

  /** What the policies of the caller's namespace say about this destination; nothing where a Service stands behind it. */
  scope(caller: Workload, destination: Destination): Scope {
    const policies = this.#store.indexOf(caller.namespace);
    if (policies === undefined || destination.services.length > 0) return UNGOVERNED;
    const known = this.#cache.get(caller, destination);
    if (known !== undefined) return known;
    const profile = this.#profileOf(caller, policies);
    const placed = profile.placedAt(destination);
    return this.#cache.add(caller, destination, {
      signature: `${profile.signature};${placed.map(({ at }) => at).join()}`,
      build: () => new EgressScope(profile, placed),
    });
  }

  #profileOf(caller: Workload, policies: ByName): EgressProfile {
    const known = this.#profiles.get(caller);
    if (known !== undefined) return known;
    const governing = policies.filter((policy) => governs(policy, caller));
    const profile = this.#shared.get(signatureOf(governing)) ?? this.#share(new EgressProfile(governing));
    this.#profiles.set(caller, profile);
    return profile;
  }

  /** Full means cleared, as in the scope cache. */
  #share(profile: EgressProfile): EgressProfile {
    if (this.#sharedSize + profile.size > this.#limits.maxRules) {
      this.#shared.clear();
      this.#profiles = new WeakMap();
      this.#sharedSize = 0;
    }
    this.#sharedSize += profile.size;
    this.#shared.set(profile.signature, profile);
    return profile;
  }
}
