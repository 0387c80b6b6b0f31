import { randomUUID } from 'node:crypto';
import { err, ok, type Result } from '../../kernel/result.ts';
import { admit } from './admission.ts';
import { CRD_RESOURCE } from './builtin-resources.ts';
import { isTerminating } from './collector.ts';
import { resourceOfCrd } from './crd.ts';
import { type ObjectEvent, versionOf } from './history.ts';
import { immutableFieldProblems } from './immutable-fields.ts';
import { Journal, type Listener } from './journal.ts';
import { type KubeObject, type ObjectInput, type ObjectMeta, objectKey, sameJson } from './object.ts';
import { ResourceRegistry } from './registry.ts';
import { Removal } from './removal.ts';
import { type Resource, resourceName } from './resource.ts';
import {
  alreadyExists,
  forbidden,
  invalid,
  notFound,
  type StatusError,
  unknownPath,
} from './status-error.ts';
import {
  kindMismatch,
  mergeByPart,
  preconditionProblem,
  sameIntent,
  scopeOf,
  serverOwned,
  subject,
  unknownKind,
  withoutNulls,
  withStatus,
} from './write-rules.ts';

/** Plural, or plural.group: `pods`, `endpointslices.discovery.k8s.io`, `apipolicies.eastwall.dev`. */
export type ResourceName = string;
export type Write = Result<KubeObject, StatusError>;

export interface StoreOptions {
  /** Events kept per resource; a watch from before them gets 410. */
  readonly historyLimit?: number;
  /** Event objects kept; the one not written for longest goes first. */
  readonly maxEvents?: number;
  readonly now?: () => Date;
  readonly uid?: () => string;
}

export interface WriteOptions {
  /** Says what would happen and leaves everything as it is. */
  readonly dryRun?: boolean;
}

export interface UpdateOptions extends WriteOptions {
  readonly subresource?: 'status';
}

export interface RemoveOptions extends WriteOptions {
  /** `Orphan` keeps what the object owns; everything else removes it too. */
  readonly propagation?: 'Background' | 'Foreground' | 'Orphan';
  readonly uid?: string;
  readonly resourceVersion?: string;
}

const DEFAULT_HISTORY_LIMIT = 1000;
const DEFAULT_MAX_EVENTS = 1000;
const EVENTS = 'events';

/**
 * The cluster's objects in memory. All writes go through here, from the HTTP server and from the sandbox's
 * own controllers, so both see the same versions and events. Objects handed out are frozen.
 */
export class ObjectStore {
  readonly registry = new ResourceRegistry();
  readonly #journal: Journal;
  readonly #removal: Removal;
  readonly #maxEvents: number;
  readonly #now: () => Date;
  readonly #uid: () => string;

  constructor(options: StoreOptions = {}) {
    this.#journal = new Journal(options.historyLimit ?? DEFAULT_HISTORY_LIMIT);
    this.#removal = new Removal(this, {
      put: (resource, object) => this.#put(resource, object),
      drop: (resource, object) => this.#drop(resource, object),
      time: () => this.#time(),
    });
    this.#maxEvents = options.maxEvents ?? DEFAULT_MAX_EVENTS;
    this.#now = options.now ?? (() => new Date());
    this.#uid = options.uid ?? randomUUID;
    for (const name of ['default', 'kube-system', 'kube-public', 'kube-node-lease']) {
      this.create('namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
    }
  }

  /** The version of the last write anywhere. */
  get version(): number {
    return this.#journal.version;
  }

  /** Sorted by namespace and name; throws when nothing serves `resource`. */
  list(resource: ResourceName, namespace?: string): KubeObject[] {
    const objects = this.#journal.list(resourceName(this.#served(resource)));
    return objects.filter((object) => namespace === undefined || object.metadata.namespace === namespace);
  }

  /** The list as it was at `version`; undefined when the history doesn't reach back that far. */
  listAt(resource: ResourceName, version: number): KubeObject[] | undefined {
    return this.#journal.listAt(resourceName(this.#served(resource)), version);
  }

  /** Events after `version`, oldest first; undefined when some of them are forgotten. */
  eventsSince(resource: ResourceName, version: number): readonly ObjectEvent[] | undefined {
    return this.#journal.eventsSince(resourceName(this.#served(resource)), version);
  }

  get(resource: ResourceName, namespace: string | undefined, name: string): KubeObject | undefined {
    return this.#journal.get(resourceName(this.#served(resource)), objectKey(namespace, name));
  }

  /** Keeps a `status` that the object brings along. */
  create(resourceOrName: ResourceName, object: ObjectInput, options: WriteOptions = {}): Write {
    const resource = this.registry.byName(resourceOrName);
    if (resource === undefined) return err(unknownPath());
    const mismatch = kindMismatch(resource, object) ?? this.#placeProblem(resource, object);
    if (mismatch !== undefined) return err(mismatch);
    const admitted = admit(
      resource,
      { ...object, metadata: this.#newMetadata(resource, object) },
      this.#time(),
    );
    if (!admitted.ok) return admitted;
    const created = admitted.value as KubeObject;
    const { name, namespace } = created.metadata;
    if (this.get(resourceOrName, namespace, name) !== undefined) {
      return err(alreadyExists(subject(resource, name)));
    }
    return ok(options.dryRun === true ? created : this.#put(resource, created));
  }

  /**
   * Replaces the object: all but its status, or with `subresource: 'status'` nothing but that. A given
   * `resourceVersion` has to be the current one.
   */
  update(resourceOrName: ResourceName, object: ObjectInput, options: UpdateOptions = {}): Write {
    const resource = this.registry.byName(resourceOrName);
    if (resource === undefined) return err(unknownPath());
    const mismatch = kindMismatch(resource, object);
    if (mismatch !== undefined) return err(mismatch);
    const current = this.get(resourceOrName, scopeOf(resource, object), object.metadata.name ?? '');
    if (current === undefined) return err(notFound(subject(resource, object.metadata.name)));
    const stale = preconditionProblem(resource, current, object.metadata);
    if (stale !== undefined) return err(stale);
    const revised = this.#revise(
      resource,
      current,
      mergeByPart(resource, current, object, options.subresource),
    );
    if (!revised.ok) return revised;
    const causes = immutableFieldProblems(resourceName(resource), current, revised.value);
    if (causes.length > 0) {
      return err(
        invalid({ group: resource.group, kind: resource.kind, name: current.metadata.name }, causes),
      );
    }
    return ok(options.dryRun === true ? revised.value : this.#replace(resource, current, revised.value));
  }

  /**
   * Creates the object, or replaces all of it, `status` included where the new one has one. For controllers and
   * for loading a topology: not held to the fields that `update` may not change.
   */
  apply(object: ObjectInput): Write {
    const resource = this.registry.byKind(object.apiVersion, object.kind);
    if (resource === undefined) return err(unknownKind(object));
    const name = resourceName(resource);
    const current = this.get(name, scopeOf(resource, object), object.metadata.name ?? '');
    if (current === undefined) return this.create(name, object);
    const next = object['status'] === undefined ? withStatus(object, current['status']) : object;
    const revised = this.#revise(resource, current, next);
    return revised.ok ? ok(this.#replace(resource, current, revised.value)) : revised;
  }

  /**
   * Removes the object and what it owns or contains. One that has finalizers stays, with a
   * `deletionTimestamp`, until the last of them is taken off. Returns the object's last state.
   */
  remove(
    resourceOrName: ResourceName,
    namespace: string | undefined,
    name: string,
    options: RemoveOptions = {},
  ): Write {
    const resource = this.registry.byName(resourceOrName);
    if (resource === undefined) return err(unknownPath());
    const current = this.get(resourceOrName, namespace, name);
    if (current === undefined) return err(notFound(subject(resource, name)));
    const stale = preconditionProblem(resource, current, options);
    if (stale !== undefined) return err(stale);
    if (options.dryRun === true) return ok(current);
    if (options.propagation === 'Orphan') this.#removal.orphan(current);
    return ok(this.#removal.terminate(resource, current));
  }

  /** Calls back synchronously for every later write, in the order of the writes. Returns the unsubscriber. */
  subscribe(resource: ResourceName, listener: Listener): () => void {
    const served = this.registry.byName(resource);
    return this.#journal.subscribe(served === undefined ? resource : resourceName(served), listener);
  }

  /** Forgets the events so far, so that every watch from an earlier version gets 410. */
  compact(): void {
    this.#journal.compact();
  }

  /** The object as a write would leave it; `current` itself when that changes nothing. */
  #revise(resource: Resource, current: KubeObject, next: ObjectInput): Write {
    const { managedFields } = current.metadata;
    const metadata = {
      ...(managedFields === undefined ? {} : { managedFields }),
      ...withoutNulls(next.metadata),
      ...serverOwned(current.metadata),
    };
    const admitted = admit(resource, { ...next, metadata }, this.#time());
    if (!admitted.ok) return admitted;
    const candidate = admitted.value as KubeObject;
    if (sameJson(candidate, current)) return ok(current);
    const generation = current.metadata.generation + (sameIntent(candidate, current) ? 0 : 1);
    return ok({ ...candidate, metadata: { ...candidate.metadata, generation } });
  }

  #replace(resource: Resource, current: KubeObject, next: KubeObject): KubeObject {
    if (next === current) return current;
    const stored = this.#put(resource, next);
    return isTerminating(stored) ? this.#removal.finish(resource, stored) : stored;
  }

  #put(resource: Resource, object: KubeObject): KubeObject {
    const name = resourceName(resource);
    // A definition serves from the moment it is stored, so its watchers may use what it defines at once.
    if (name === CRD_RESOURCE) this.registry.set(resourceOfCrd(object));
    const stored = this.#journal.put(name, object);
    if (name === EVENTS) this.#dropOldEvents();
    return stored;
  }

  #drop(resource: Resource, object: KubeObject): KubeObject {
    const last = this.#journal.delete(resourceName(resource), object);
    if (resourceName(resource) === CRD_RESOURCE) this.registry.remove(object.metadata.name);
    return last;
  }

  /** Events are reports that nobody deletes: a cluster lets them expire, this one keeps the last. */
  #dropOldEvents(): void {
    const events = this.#journal.list(EVENTS);
    if (events.length <= this.#maxEvents) return;
    const [oldest] = events.toSorted((a, b) => versionOf(a) - versionOf(b));
    if (oldest !== undefined) this.#journal.delete(EVENTS, oldest);
  }

  #newMetadata(resource: Resource, object: ObjectInput): ObjectMeta {
    const { deletionTimestamp: _, namespace: __, ...given } = withoutNulls(object.metadata);
    const scope = scopeOf(resource, object);
    const generated =
      given.generateName === undefined ? '' : `${given.generateName}${this.#uid().slice(0, 5)}`;
    return {
      ...given,
      ...(scope === undefined ? {} : { namespace: scope }),
      name: given.name ?? generated,
      uid: this.#uid(),
      resourceVersion: '',
      generation: 1,
      creationTimestamp: this.#time(),
    };
  }

  #placeProblem(resource: Resource, object: ObjectInput): StatusError | undefined {
    const namespace = scopeOf(resource, object);
    if (namespace === undefined) return undefined;
    const home = this.get('namespaces', undefined, namespace);
    if (home === undefined) return notFound({ group: '', plural: 'namespaces', name: namespace });
    if (!isTerminating(home)) return undefined;
    const why = `unable to create new content in namespace ${namespace} because it is being terminated`;
    return forbidden(subject(resource, object.metadata.name), why);
  }

  #served(name: ResourceName): Resource {
    const resource = this.registry.byName(name);
    if (resource === undefined) throw new Error(`no resource \`${name}\``);
    return resource;
  }

  /** RFC 3339 in whole seconds, as all of the API's timestamps. */
  #time(): string {
    return `${this.#now().toISOString().slice(0, 19)}Z`;
  }
}
