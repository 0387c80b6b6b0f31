import { randomUUID } from 'node:crypto';
import { err, ok, type Result } from '../../kernel/result.ts';
import { admit } from './admission.ts';
import { CRD_RESOURCE } from './builtin-resources.ts';
import { contentsOf, dependentsOf, isTerminating, withoutOwner } from './collector.ts';
import { resourceOfCrd } from './crd.ts';
import type { ObjectEvent } from './history.ts';
import { Journal, type Listener } from './journal.ts';
import {
  type KubeObject,
  type ObjectInput,
  type ObjectMeta,
  objectKey,
  sameJson,
  splitApiVersion,
} from './object.ts';
import { ResourceRegistry } from './registry.ts';
import { type Resource, resourceName, storageVersion } from './resource.ts';
import {
  alreadyExists,
  badRequest,
  conflict,
  forbidden,
  notFound,
  STALE_WRITE,
  type StatusError,
  type Subject,
  unknownPath,
} from './status-error.ts';

/** Plural, or plural.group: `pods`, `endpointslices.discovery.k8s.io`, `apipolicies.eastwall.dev`. */
export type ResourceName = string;
export type Write = Result<KubeObject, StatusError>;

export interface StoreOptions {
  /** Events kept per resource; a watch from before them gets 410. */
  readonly historyLimit?: number;
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

/**
 * The cluster's objects in memory. All writes go through here, from the HTTP server and from the sandbox's
 * own controllers, so both see the same versions and events. Objects handed out are frozen.
 */
export class ObjectStore {
  readonly registry = new ResourceRegistry();
  readonly #journal: Journal;
  readonly #now: () => Date;
  readonly #uid: () => string;

  constructor(options: StoreOptions = {}) {
    this.#journal = new Journal(options.historyLimit ?? DEFAULT_HISTORY_LIMIT);
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
    return namespace === undefined ? objects : objects.filter((o) => o.metadata.namespace === namespace);
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
    return this.#replace(
      resource,
      current,
      mergeByPart(resource, current, object, options.subresource),
      options,
    );
  }

  /** Creates the object, or replaces all of it, `status` included where the new one has one. */
  apply(object: ObjectInput): Write {
    const resource = this.registry.byKind(object.apiVersion, object.kind);
    if (resource === undefined) return err(unknownKind(object));
    const name = resourceName(resource);
    const current = this.get(name, scopeOf(resource, object), object.metadata.name ?? '');
    if (current === undefined) return this.create(name, object);
    const next = object['status'] === undefined ? withStatus(object, current['status']) : object;
    return this.#replace(resource, current, next, {});
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
    if (options.propagation === 'Orphan') this.#orphan(current);
    return ok(this.#terminate(resource, current));
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

  #replace(resource: Resource, current: KubeObject, next: ObjectInput, options: WriteOptions): Write {
    const owned = serverOwned(current.metadata);
    const metadata = { ...withoutNulls(next.metadata), ...owned };
    const admitted = admit(resource, { ...next, metadata }, this.#time());
    if (!admitted.ok) return admitted;
    const candidate = admitted.value as KubeObject;
    if (sameJson(candidate, current)) return ok(current);
    const generation = current.metadata.generation + (sameIntent(candidate, current) ? 0 : 1);
    const changed = { ...candidate, metadata: { ...candidate.metadata, generation } };
    if (options.dryRun === true) return ok(changed);
    const stored = this.#put(resource, changed);
    if (isTerminating(stored)) this.#finish(resource, stored);
    return ok(stored);
  }

  #put(resource: Resource, object: KubeObject): KubeObject {
    // A definition serves from the moment it is stored, so its watchers may use what it defines at once.
    if (resourceName(resource) === CRD_RESOURCE) this.registry.set(resourceOfCrd(object));
    return this.#journal.put(resourceName(resource), object);
  }

  #terminate(resource: Resource, current: KubeObject): KubeObject {
    const contents = contentsOf(this, current);
    if (contents.length === 0 && (current.metadata.finalizers ?? []).length === 0) {
      return this.#purge(resource, current);
    }
    const marked = isTerminating(current) ? current : this.#mark(resource, current);
    for (const { name, object } of contents)
      this.remove(name, object.metadata.namespace, object.metadata.name);
    return this.#finish(resource, marked);
  }

  #mark(resource: Resource, current: KubeObject): KubeObject {
    const metadata = { ...current.metadata, deletionTimestamp: this.#time(), deletionGracePeriodSeconds: 0 };
    const terminating = resource.kind === 'Namespace' ? { status: { phase: 'Terminating' } } : {};
    return this.#put(resource, { ...current, ...terminating, metadata });
  }

  /** Purges a terminating object once nothing holds it. */
  #finish(resource: Resource, marked: KubeObject): KubeObject {
    const { namespace, name } = marked.metadata;
    const latest = this.get(resourceName(resource), namespace, name);
    if (latest === undefined) return marked;
    const held = (latest.metadata.finalizers ?? []).length > 0 || contentsOf(this, latest).length > 0;
    return held ? latest : this.#purge(resource, latest);
  }

  #purge(resource: Resource, current: KubeObject): KubeObject {
    const last = this.#journal.delete(resourceName(resource), current);
    for (const { name, object, orphaned } of dependentsOf(this, current)) {
      if (orphaned) this.remove(name, object.metadata.namespace, object.metadata.name);
      else this.update(name, withoutOwner(object, current.metadata.uid));
    }
    if (resourceName(resource) === CRD_RESOURCE) this.registry.remove(current.metadata.name);
    this.#finishContainers(resource, current);
    return last;
  }

  /** The namespace or the definition that was only waiting for this object to go. */
  #finishContainers(resource: Resource, gone: KubeObject): void {
    const containers = [
      { name: 'namespaces', container: gone.metadata.namespace },
      { name: CRD_RESOURCE, container: resource.custom ? resourceName(resource) : undefined },
    ];
    for (const { name, container } of containers) {
      const object = container === undefined ? undefined : this.get(name, undefined, container);
      if (object !== undefined && isTerminating(object)) this.#finish(this.#served(name), object);
    }
  }

  #orphan(owner: KubeObject): void {
    for (const { name, object } of dependentsOf(this, owner)) {
      this.update(name, withoutOwner(object, owner.metadata.uid));
    }
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

function kindMismatch(resource: Resource, object: ObjectInput): StatusError | undefined {
  const { group, version } = splitApiVersion(object.apiVersion);
  const served = resource.versions.some((known) => known.name === version);
  if (object.kind === resource.kind && group === resource.group && served) return undefined;
  return badRequest(
    `the object is a ${object.kind} of \`${object.apiVersion}\`, not a ${resource.kind} of ${resourceName(resource)}`,
  );
}

/** What a write asks the current object to be, and it is not. */
function preconditionProblem(
  resource: Resource,
  current: KubeObject,
  asked: { readonly uid?: string; readonly resourceVersion?: string },
): StatusError | undefined {
  const { name, uid, resourceVersion } = current.metadata;
  const stale = (asked.resourceVersion ?? '') !== '' && asked.resourceVersion !== resourceVersion;
  if (stale) return conflict(subject(resource, name), STALE_WRITE);
  if ((asked.uid ?? '') === '' || asked.uid === uid) return undefined;
  const why = `Precondition failed: UID in precondition: ${asked.uid}, UID in object meta: ${uid}`;
  return conflict(subject(resource, name), why);
}

const unknownKind = (object: ObjectInput): StatusError => ({
  ...unknownPath(),
  message: `no matches for kind "${object.kind}" in version "${object.apiVersion}"`,
});

const scopeOf = (resource: Resource, object: ObjectInput): string | undefined =>
  resource.namespaced ? (object.metadata.namespace ?? 'default') : undefined;

const subject = (resource: Resource, name: string | undefined): Subject => ({
  group: resource.group,
  plural: resource.plural,
  ...(name === undefined ? {} : { name }),
});

/** The new object with the part that this write may not touch taken from the current one. */
function mergeByPart(
  resource: Resource,
  current: KubeObject,
  object: ObjectInput,
  subresource: 'status' | undefined,
): ObjectInput {
  if (subresource === 'status') return withStatus(current, object['status']);
  return storageVersion(resource).status ? withStatus(object, current['status']) : object;
}

function withStatus(object: ObjectInput, status: unknown): ObjectInput {
  const { status: _, ...rest } = object;
  return (status === undefined ? rest : { ...rest, status }) as ObjectInput;
}

/** Nulls in metadata are absent fields: manifests made by tools carry `creationTimestamp: null`. */
function withoutNulls<T extends object>(metadata: T): T {
  return Object.fromEntries(
    Object.entries(metadata).filter(([, value]) => value !== null && value !== undefined),
  ) as T;
}

/** The metadata that no writer can change. */
function serverOwned(metadata: ObjectMeta) {
  const { name, uid, resourceVersion, generation, creationTimestamp } = metadata;
  return {
    name,
    uid,
    resourceVersion,
    generation,
    creationTimestamp,
    ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }),
    ...(metadata.deletionTimestamp === undefined
      ? {}
      : { deletionTimestamp: metadata.deletionTimestamp, deletionGracePeriodSeconds: 0 }),
  };
}

/** Same but for metadata and status: what does not bump the generation. */
function sameIntent(a: KubeObject, b: KubeObject): boolean {
  return sameJson({ ...a, metadata: null, status: null }, { ...b, metadata: null, status: null });
}
