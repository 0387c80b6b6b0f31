interface Named {
  readonly namespace: string;
  readonly name: string;
}

export interface Change<Policy> {
  readonly upsert?: readonly Policy[];
  /** `namespace/name`. */
  readonly remove?: readonly string[];
}

/** How the policies of one kind are kept. */
export interface StoreKind<Policy, Compiled, Index> {
  /** `serial` tells apart what a store and its successors compile. */
  compile(policy: Policy, serial: number): Compiled;
  /** Of one namespace; never empty. */
  index(byName: ReadonlyMap<string, Compiled>): Index;
}

interface Shelf<Compiled, Index> {
  readonly byName: ReadonlyMap<string, Compiled>;
  readonly index: Index;
}

type ChangesByName<Compiled> = Map<string, Compiled | null>;

/**
 * Compiled policies by namespace and name, with an index per namespace. A store never changes: `with` makes the next
 * one, which compiles what the change names, indexes its namespaces again, and shares everything else.
 */
export class PolicyStore<Policy extends Named, Compiled, Index> {
  readonly #kind: StoreKind<Policy, Compiled, Index>;
  readonly #shelves: ReadonlyMap<string, Shelf<Compiled, Index>>;
  readonly #nextSerial: number;

  private constructor(
    kind: StoreKind<Policy, Compiled, Index>,
    shelves: ReadonlyMap<string, Shelf<Compiled, Index>>,
    nextSerial: number,
  ) {
    this.#kind = kind;
    this.#shelves = shelves;
    this.#nextSerial = nextSerial;
  }

  static empty<Policy extends Named, Compiled, Index>(
    kind: StoreKind<Policy, Compiled, Index>,
  ): PolicyStore<Policy, Compiled, Index> {
    return new PolicyStore(kind, new Map(), 0);
  }

  /** Number of policies, whatever their mode. */
  get size(): number {
    let size = 0;
    for (const { byName } of this.#shelves.values()) size += byName.size;
    return size;
  }

  /** Undefined for a namespace without policies. */
  indexOf(namespace: string): Index | undefined {
    return this.#shelves.get(namespace)?.index;
  }

  /** Removals come first. */
  with({ upsert = [], remove = [] }: Change<Policy>): PolicyStore<Policy, Compiled, Index> {
    const changes = new Map<string, ChangesByName<Compiled>>();
    for (const id of remove) {
      const slash = id.indexOf('/');
      changesOf(changes, id.slice(0, slash)).set(id.slice(slash + 1), null);
    }
    let serial = this.#nextSerial;
    for (const policy of upsert) {
      changesOf(changes, policy.namespace).set(policy.name, this.#kind.compile(policy, serial++));
    }
    return new PolicyStore(this.#kind, this.#apply(changes), serial);
  }

  #apply(changes: ReadonlyMap<string, ChangesByName<Compiled>>): ReadonlyMap<string, Shelf<Compiled, Index>> {
    const after = new Map(this.#shelves);
    for (const [namespace, byName] of changes) {
      const policies = applyChanges(this.#shelves.get(namespace)?.byName, byName);
      if (policies.size === 0) after.delete(namespace);
      else after.set(namespace, { byName: policies, index: this.#kind.index(policies) });
    }
    return after;
  }
}

function changesOf<Compiled>(
  changes: Map<string, ChangesByName<Compiled>>,
  namespace: string,
): ChangesByName<Compiled> {
  const known = changes.get(namespace);
  if (known !== undefined) return known;
  const byName: ChangesByName<Compiled> = new Map();
  changes.set(namespace, byName);
  return byName;
}

function applyChanges<Compiled>(
  before: ReadonlyMap<string, Compiled> | undefined,
  changes: ChangesByName<Compiled>,
): ReadonlyMap<string, Compiled> {
  const after = new Map(before);
  for (const [name, compiled] of changes) {
    if (compiled === null) after.delete(name);
    else after.set(name, compiled);
  }
  return after;
}
