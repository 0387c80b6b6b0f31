import { CRD_RESOURCE } from './builtin-resources.ts';
import { contentsOf, dependentsOf, isTerminating, type Objects, withoutOwner } from './collector.ts';
import type { KubeObject } from './object.ts';
import { type Resource, resourceName } from './resource.ts';

/** The store's outer side. */
interface Store extends Objects {
  get(resource: string, namespace: string | undefined, name: string): KubeObject | undefined;
  update(resource: string, object: KubeObject): unknown;
  remove(resource: string, namespace: string | undefined, name: string): unknown;
}

/** The store's inner side: writes that need no admission. */
export interface Internals {
  put(resource: Resource, object: KubeObject): KubeObject;
  drop(resource: Resource, object: KubeObject): KubeObject;
  /** Now, as the API's timestamps. */
  time(): string;
}

/** How objects go: first what they contain, then, when nothing holds them any more, they and what they own. */
export class Removal {
  readonly #store: Store;
  readonly #internals: Internals;

  constructor(store: Store, internals: Internals) {
    this.#store = store;
    this.#internals = internals;
  }

  /** Purges the object, or marks it as terminating while finalizers or contents hold it. */
  terminate(resource: Resource, current: KubeObject): KubeObject {
    const contents = contentsOf(this.#store, current);
    if (contents.length === 0 && !hasFinalizers(current)) return this.#purge(resource, current);
    const marked = isTerminating(current) ? current : this.#mark(resource, current);
    for (const { name, object } of contents) {
      this.#store.remove(name, object.metadata.namespace, object.metadata.name);
    }
    return this.finish(resource, marked);
  }

  /** Purges a terminating object once nothing holds it. */
  finish(resource: Resource, marked: KubeObject): KubeObject {
    const { namespace, name } = marked.metadata;
    const latest = this.#store.get(resourceName(resource), namespace, name);
    if (latest === undefined) return marked;
    const held = hasFinalizers(latest) || contentsOf(this.#store, latest).length > 0;
    return held ? latest : this.#purge(resource, latest);
  }

  /** Cuts the ties between an owner that is about to go and what it owns. */
  orphan(owner: KubeObject): void {
    for (const { name, object } of dependentsOf(this.#store, owner)) {
      this.#store.update(name, withoutOwner(object, owner.metadata.uid));
    }
  }

  #mark(resource: Resource, current: KubeObject): KubeObject {
    const metadata = {
      ...current.metadata,
      deletionTimestamp: this.#internals.time(),
      deletionGracePeriodSeconds: 0,
    };
    const terminating = resource.kind === 'Namespace' ? { status: { phase: 'Terminating' } } : {};
    return this.#internals.put(resource, { ...current, ...terminating, metadata });
  }

  #purge(resource: Resource, current: KubeObject): KubeObject {
    const last = this.#internals.drop(resource, current);
    for (const { name, object, orphaned } of dependentsOf(this.#store, current)) {
      if (orphaned) this.#store.remove(name, object.metadata.namespace, object.metadata.name);
      else this.#store.update(name, withoutOwner(object, current.metadata.uid));
    }
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
      const object = container === undefined ? undefined : this.#store.get(name, undefined, container);
      const home = this.#store.registry.byName(name);
      if (object !== undefined && home !== undefined && isTerminating(object)) this.finish(home, object);
    }
  }
}

const hasFinalizers = (object: KubeObject): boolean => (object.metadata.finalizers ?? []).length > 0;
