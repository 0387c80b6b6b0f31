import { randomUUID } from 'node:crypto';
import { err, ok, type Result } from '../../kernel/result.ts';
import { EventHistory, type ObjectEvent } from './history.ts';
import {
  frozenCopy,
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
  notFound,
  STALE_WRITE,
  type StatusError,
  type Subject,
  unknownPath,
} from './status-error.ts';

/** Plural, or plural.group: `pods`, `endpointslices.discovery.k8s.io`, `apipolicies.eastwall.dev`. */
export type ResourceName = string;
export type Write = Result<KubeObject, StatusError>;
export type Listener = (event: ObjectEvent) => void;

export interface StoreOptions {
  /** Events kept per resource; a watch from before them gets 410. */
  readonly historyLimit?: number;
  readonly now?: () => Date;
  readonly uid?: () => string;
}

export interface UpdateOptions {
  readonly subresource?: 'status';
}

const DEFAULT_HISTORY_LIMIT = 1000;

/**
 * The cluster's objects in memory. All writes go through here, from the HTTP server and from the sandbox's
 * own controllers, so both see the same versions and events. Objects handed out are frozen.
 */
export class ObjectStore {
  readonly registry = new ResourceRegistry();
  readonly #objects = new Map<ResourceName, Map<string, KubeObject>>();
  readonly #histories = new Map<ResourceName, EventHistory>();
  readonly #listeners = new Map<ResourceName, Set<Listener>>();
  readonly #undelivered: { name: ResourceName; event: ObjectEvent }[] = [];
  readonly #historyLimit: number;
  readonly #now: () => Date;
  readonly #uid: () => string;
  #delivering = false;
  #version = 0;

  constructor(options: StoreOptions = {}) {
    this.#historyLimit = options.historyLimit ?? DEFAULT_HISTORY_LIMIT;
    this.#now = options.now ?? (() => new Date());
    this.#uid = options.uid ?? randomUUID;
    for (const name of ['default', 'kube-system', 'kube-public', 'kube-node-lease']) {
      this.create('namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
    }
  }

  /** The version of the last write anywhere. */
  get version(): number {
    return this.#version;
  }

  /** Sorted by namespace and name; throws when nothing serves `resource`. */
  list(resource: ResourceName, namespace?: string): KubeObject[] {
    const objects = [...this.#table(this.#served(resource))].sort(([a], [b]) => (a < b ? -1 : 1));
    return objects
      .map(([, object]) => object)
      .filter((object) => namespace === undefined || object.metadata.namespace === namespace);
  }

  get(resource: ResourceName, namespace: string | undefined, name: string): KubeObject | undefined {
    return this.#table(this.#served(resource)).get(objectKey(namespace, name));
  }

  create(resourceOrName: ResourceName, object: ObjectInput): Write {
    const resource = this.registry.byName(resourceOrName);
    if (resource === undefined) return err(unknownPath());
    const mismatch = kindMismatch(resource, object);
    if (mismatch !== undefined) return err(mismatch);
    const name = object.metadata.name;
    if (name === undefined) return err(badRequest('metadata.name is required'));
    const scope = resource.namespaced ? { namespace: object.metadata.namespace ?? 'default' } : {};
    if (this.#table(resource).has(objectKey(scope.namespace, name))) {
      return err(alreadyExists(subject(resource, name)));
    }
    const metadata: ObjectMeta = {
      ...object.metadata,
      ...scope,
      name,
      uid: this.#uid(),
      resourceVersion: '',
      generation: 1,
      creationTimestamp: this.#timestamp(),
    };
    return ok(this.#commit(resource, { ...object, metadata }));
  }

  update(resourceOrName: ResourceName, object: ObjectInput, options: UpdateOptions = {}): Write {
    const resource = this.registry.byName(resourceOrName);
    if (resource === undefined) return err(unknownPath());
    const current = this.get(resourceOrName, scopeOf(resource, object), object.metadata.name ?? '');
    if (current === undefined) return err(notFound(subject(resource, object.metadata.name)));
    const given = object.metadata.resourceVersion;
    if (given !== undefined && given !== '' && given !== current.metadata.resourceVersion) {
      return err(conflict(subject(resource, current.metadata.name), STALE_WRITE));
    }
    const merged =
      options.subresource === 'status'
        ? withStatus(current, object['status'])
        : storageVersion(resource).status
          ? withStatus(object, current['status'])
          : object;
    return ok(this.#replace(resource, current, merged));
  }

  /** Creates the object, or replaces all of it, `status` included where the new one has one. */
  apply(object: ObjectInput): Write {
    const resource = this.registry.byKind(object.apiVersion, object.kind);
    if (resource === undefined) return err(unknownKind(object));
    const name = resourceName(resource);
    const current = this.get(name, scopeOf(resource, object), object.metadata.name ?? '');
    if (current === undefined) return this.create(name, object);
    return ok(
      this.#replace(
        resource,
        current,
        object['status'] === undefined ? withStatus(object, current['status']) : object,
      ),
    );
  }

  remove(resourceOrName: ResourceName, namespace: string | undefined, name: string): Write {
    const resource = this.registry.byName(resourceOrName);
    if (resource === undefined) return err(unknownPath());
    const current = this.get(resourceOrName, namespace, name);
    if (current === undefined) return err(notFound(subject(resource, name)));
    const last = this.#stamp(current);
    this.#table(resource).delete(objectKey(namespace, name));
    this.#publish(resource, { type: 'DELETED', object: last, previous: current });
    return ok(last);
  }

  /** Calls back synchronously for every later write, in the order of the writes. Returns the unsubscriber. */
  subscribe(resource: ResourceName, listener: Listener): () => void {
    const listeners = this.#listenersOf(this.#canonical(resource));
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  #replace(resource: Resource, current: KubeObject, next: ObjectInput): KubeObject {
    const metadata = { ...next.metadata, ...serverOwned(current.metadata) };
    const candidate = { ...next, metadata };
    if (sameJson(candidate, current)) return current;
    const generation = current.metadata.generation + (sameIntent(candidate, current) ? 0 : 1);
    return this.#commit(resource, { ...candidate, metadata: { ...metadata, generation } });
  }

  #commit(resource: Resource, object: KubeObject): KubeObject {
    const stored = this.#stamp(object);
    const table = this.#table(resource);
    const key = objectKey(stored.metadata.namespace, stored.metadata.name);
    const previous = table.get(key);
    table.set(key, stored);
    this.#publish(
      resource,
      previous === undefined
        ? { type: 'ADDED', object: stored }
        : { type: 'MODIFIED', object: stored, previous },
    );
    return stored;
  }

  #stamp(object: KubeObject): KubeObject {
    this.#version += 1;
    const metadata = { ...object.metadata, resourceVersion: String(this.#version) };
    return frozenCopy({ ...object, metadata });
  }

  // INVARIANT: every listener sees every event in the order of the writes, even when a listener writes: its
  // event waits until the current one has reached everybody.
  #publish(resource: Resource, event: ObjectEvent): void {
    const name = resourceName(resource);
    this.#history(name).push(event);
    this.#undelivered.push({ name, event });
    if (this.#delivering) return;
    this.#delivering = true;
    try {
      for (let next = this.#undelivered.shift(); next !== undefined; next = this.#undelivered.shift()) {
        for (const listener of [...this.#listenersOf(next.name)]) listener(next.event);
      }
    } finally {
      this.#delivering = false;
    }
  }

  #served(name: ResourceName): Resource {
    const resource = this.registry.byName(name);
    if (resource === undefined) throw new Error(`no resource \`${name}\``);
    return resource;
  }

  #canonical(name: ResourceName): ResourceName {
    const resource = this.registry.byName(name);
    return resource === undefined ? name : resourceName(resource);
  }

  #table(resource: Resource): Map<string, KubeObject> {
    return getOrAdd(this.#objects, resourceName(resource), () => new Map());
  }

  #history(name: ResourceName): EventHistory {
    return getOrAdd(this.#histories, name, () => new EventHistory(this.#historyLimit));
  }

  #listenersOf(name: ResourceName): Set<Listener> {
    return getOrAdd(this.#listeners, name, () => new Set());
  }

  #timestamp(): string {
    return `${this.#now().toISOString().slice(0, 19)}Z`;
  }
}

function getOrAdd<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const found = map.get(key);
  if (found !== undefined) return found;
  const made = make();
  map.set(key, made);
  return made;
}

function kindMismatch(resource: Resource, object: ObjectInput): StatusError | undefined {
  const { group } = splitApiVersion(object.apiVersion);
  if (object.kind === resource.kind && group === resource.group) return undefined;
  return badRequest(
    `the object is a ${object.kind} of \`${object.apiVersion}\`, not a ${resource.kind} of ${resourceName(resource)}`,
  );
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

function withStatus<T extends ObjectInput>(object: T, status: unknown): T {
  const { status: _, ...rest } = object;
  return (status === undefined ? rest : { ...rest, status }) as T;
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
    ...(metadata.deletionTimestamp === undefined ? {} : { deletionTimestamp: metadata.deletionTimestamp }),
  };
}

/** Same but for metadata and status: what does not bump the generation. */
function sameIntent(a: KubeObject, b: KubeObject): boolean {
  return sameJson({ ...a, metadata: null, status: null }, { ...b, metadata: null, status: null });
}
