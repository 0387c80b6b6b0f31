import type { Destination } from '../model/destination.ts';
import type { ApiPolicy } from '../model/policy.ts';
import type { Workload } from '../model/workload.ts';
import { type CompiledPolicy, compilePolicy } from './compiled-policy.ts';
import { NamespacePolicies } from './namespace-policies.ts';
import type { Scope } from './scope.ts';
import { type CacheLimits, DEFAULT_CACHE_LIMITS, ScopeCache } from './scope-cache.ts';
import { select } from './select.ts';

export interface PolicyChange {
  readonly upsert?: readonly ApiPolicy[];
  /** `namespace/name`. */
  readonly remove?: readonly string[];
}

type ChangesByName = Map<string, CompiledPolicy | null>;

/**
 * A snapshot of all accepted policies, indexed by the Services they select. It never changes what it answers:
 * `with` makes the next one, which shares everything that the change doesn't touch.
 */
export class PolicySet {
  /** One more than that of the set it was made from. */
  readonly version: number;
  readonly #namespaces: ReadonlyMap<string, NamespacePolicies>;
  readonly #limits: CacheLimits;
  readonly #cache: ScopeCache;
  readonly #nextSerial: number;

  private constructor(from: {
    version: number;
    namespaces: ReadonlyMap<string, NamespacePolicies>;
    limits: CacheLimits;
    nextSerial: number;
  }) {
    this.version = from.version;
    this.#namespaces = from.namespaces;
    this.#limits = from.limits;
    this.#cache = new ScopeCache(from.limits);
    this.#nextSerial = from.nextSerial;
  }

  /** The set without policies, version 0; `limits` bounds the scope cache of this set and of those made from it. */
  static empty(limits: Partial<CacheLimits> = {}): PolicySet {
    return new PolicySet({
      version: 0,
      namespaces: new Map(),
      limits: { ...DEFAULT_CACHE_LIMITS, ...limits },
      nextSerial: 0,
    });
  }

  /** Number of policies, whatever their mode. */
  get size(): number {
    let size = 0;
    for (const policies of this.#namespaces.values()) size += policies.size;
    return size;
  }

  /** The next set. Only the namespaces named in the change are indexed again; removals come first. */
  with({ upsert = [], remove = [] }: PolicyChange): PolicySet {
    const changes = new Map<string, ChangesByName>();
    for (const id of remove) {
      const slash = id.indexOf('/');
      changesOf(changes, id.slice(0, slash)).set(id.slice(slash + 1), null);
    }
    let serial = this.#nextSerial;
    for (const policy of upsert) {
      changesOf(changes, policy.namespace).set(policy.name, compilePolicy(policy, serial++));
    }
    return new PolicySet({
      version: this.version + 1,
      namespaces: applyChanges(this.#namespaces, changes),
      limits: this.#limits,
      nextSerial: serial,
    });
  }

  /** What the policies say about this caller at this destination: ask it for each request. */
  scope(caller: Workload, destination: Destination): Scope {
    return (
      this.#cache.get(caller, destination) ??
      this.#cache.add(caller, destination, select(this.#namespaces, caller, destination))
    );
  }
}

function changesOf(changes: Map<string, ChangesByName>, namespace: string): ChangesByName {
  const known = changes.get(namespace);
  if (known !== undefined) return known;
  const byName: ChangesByName = new Map();
  changes.set(namespace, byName);
  return byName;
}

function applyChanges(
  before: ReadonlyMap<string, NamespacePolicies>,
  changes: ReadonlyMap<string, ChangesByName>,
): ReadonlyMap<string, NamespacePolicies> {
  const after = new Map(before);
  for (const [namespace, byName] of changes) {
    const policies = (before.get(namespace) ?? new NamespacePolicies(new Map())).with(byName);
    if (policies.size === 0) after.delete(namespace);
    else after.set(namespace, policies);
  }
  return after;
}
