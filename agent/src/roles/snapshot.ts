import type { ApiPolicy, EgressPolicy, GuardProfile } from '@eastwall/policy';
import type { NodeEntry, ServiceEntry, SliceEntry } from '../identity/cluster-objects.ts';
import type { IssuerKeys } from '../identity/issuer.ts';
import type { CallerState, NamespaceId, ToDataplane } from '../ipc/messages.ts';

/** A change of what all dataplanes know alike. */
export type ClusterDelta = Extract<
  ToDataplane,
  { kind: 'services' | 'slices' | 'nodes' | 'policies' | 'egress-policies' | 'guard-profiles' }
>;

/** Objects per message: small enough that a dataplane serves connections between two of them. */
const CHUNK = 200;

interface Named {
  /** Absent for what is in no namespace. */
  readonly namespace?: string;
  readonly name: string;
}

/**
 * All that control has told the dataplanes, so that a new one can be told again. Not what they have seen or counted:
 * that is lost with the process.
 *
 * INVARIANT: replaying a snapshot leaves a fresh dataplane in the state that the deltas left the old one in.
 */
export class Snapshot {
  readonly #services = new Map<string, ServiceEntry>();
  readonly #slices = new Map<string, SliceEntry>();
  readonly #nodes = new Map<string, NodeEntry>();
  readonly #policies = new Map<string, ApiPolicy>();
  readonly #egress = new Map<string, EgressPolicy>();
  readonly #profiles = new Map<string, GuardProfile>();
  readonly #callers = new Map<NamespaceId, CallerState>();
  #issuers: readonly IssuerKeys[] = [];
  #synced = false;
  #streamAll = false;

  apply(delta: ClusterDelta): void {
    switch (delta.kind) {
      case 'services':
        change(this.#services, delta.upsert, delta.remove);
        break;
      case 'slices':
        change(this.#slices, delta.upsert, delta.remove);
        break;
      case 'nodes':
        change(this.#nodes, delta.upsert, delta.remove);
        break;
      case 'policies':
        change(this.#policies, delta.upsert, delta.remove);
        break;
      case 'egress-policies':
        change(this.#egress, delta.upsert, delta.remove);
        break;
      case 'guard-profiles':
        change(this.#profiles, delta.upsert, delta.remove);
        break;
    }
  }

  setCaller(ns: NamespaceId, caller: CallerState): void {
    this.#callers.set(ns, caller);
  }

  forget(ns: NamespaceId): void {
    this.#callers.delete(ns);
  }

  setSynced(): void {
    this.#synced = true;
  }

  setIssuers(issuers: readonly IssuerKeys[]): void {
    this.#issuers = issuers;
  }

  setStreamAll(on: boolean): void {
    this.#streamAll = on;
  }

  get callers(): ReadonlyMap<NamespaceId, CallerState> {
    return this.#callers;
  }

  get synced(): boolean {
    return this.#synced;
  }

  get services(): Iterable<ServiceEntry> {
    return this.#services.values();
  }

  get policies(): Iterable<ApiPolicy> {
    return this.#policies.values();
  }

  get egressPolicies(): Iterable<EgressPolicy> {
    return this.#egress.values();
  }

  get guardProfiles(): Iterable<GuardProfile> {
    return this.#profiles.values();
  }

  get size(): { readonly services: number; readonly slices: number; readonly policies: number } {
    return { services: this.#services.size, slices: this.#slices.size, policies: this.#policies.size };
  }

  /** What a fresh dataplane that serves the namespaces chosen by `serves` has to hear, `synced` last. */
  *replay(serves: (ns: NamespaceId) => boolean): Generator<ToDataplane> {
    for (const upsert of chunks(this.#services)) yield { kind: 'services', upsert, remove: [] };
    for (const upsert of chunks(this.#slices)) yield { kind: 'slices', upsert, remove: [] };
    for (const upsert of chunks(this.#nodes)) yield { kind: 'nodes', upsert, remove: [] };
    for (const upsert of chunks(this.#policies)) yield { kind: 'policies', upsert, remove: [] };
    for (const upsert of chunks(this.#egress)) yield { kind: 'egress-policies', upsert, remove: [] };
    for (const upsert of chunks(this.#profiles)) yield { kind: 'guard-profiles', upsert, remove: [] };
    for (const [ns, caller] of this.#callers) if (serves(ns)) yield { kind: 'caller', ns, caller };
    if (this.#issuers.length > 0) yield { kind: 'issuers', issuers: this.#issuers };
    if (this.#streamAll) yield { kind: 'stream-all', on: true };
    if (this.#synced) yield { kind: 'synced' };
  }
}

function change<T extends Named>(
  known: Map<string, T>,
  upsert: readonly T[],
  remove: readonly string[],
): void {
  for (const entry of upsert) known.set(keyOf(entry), entry);
  for (const key of remove) known.delete(key);
}

const keyOf = ({ namespace, name }: Named): string =>
  namespace === undefined ? name : `${namespace}/${name}`;

function* chunks<T>(known: ReadonlyMap<string, T>): Generator<T[]> {
  let chunk: T[] = [];
  for (const entry of known.values()) {
    chunk.push(entry);
    if (chunk.length < CHUNK) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}
