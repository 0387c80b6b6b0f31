import { CRD_RESOURCE } from './builtin-resources.ts';
import { type KubeObject, splitApiVersion } from './object.ts';
import type { ResourceRegistry } from './registry.ts';
import { resourceName } from './resource.ts';

/** What the collector reads of the store. */
export interface Objects {
  readonly registry: ResourceRegistry;
  list(resource: string, namespace?: string): KubeObject[];
}

export interface Located {
  /** Resource name. */
  readonly name: string;
  readonly object: KubeObject;
}

export interface Dependent extends Located {
  /** Its last owner is gone, so it goes too. */
  readonly orphaned: boolean;
}

export const isTerminating = (object: KubeObject): boolean => object.metadata.deletionTimestamp !== undefined;

/** Everything that can't be without `object`: a namespace's objects, a definition's custom resources. */
export function contentsOf(store: Objects, object: KubeObject): readonly Located[] {
  if (object.kind === 'Namespace' && object.apiVersion === 'v1') {
    return namespacedObjects(store, object.metadata.name);
  }
  const { group } = splitApiVersion(object.apiVersion);
  const definition =
    group === 'apiextensions.k8s.io' && store.registry.byName(CRD_RESOURCE)?.kind === object.kind;
  const defined = definition ? store.registry.byName(object.metadata.name) : undefined;
  if (defined === undefined) return [];
  const name = resourceName(defined);
  return store.list(name).map((instance) => ({ name, object: instance }));
}

function namespacedObjects(store: Objects, namespace: string): Located[] {
  return store.registry
    .all()
    .filter((resource) => resource.namespaced)
    .flatMap((resource) => {
      const name = resourceName(resource);
      return store.list(name, namespace).map((object) => ({ name, object }));
    });
}

/** The objects that name `owner` in their `ownerReferences`, by uid. */
export function dependentsOf(store: Objects, owner: KubeObject): readonly Dependent[] {
  return store.registry.all().flatMap((resource) => {
    const name = resourceName(resource);
    return store
      .list(name)
      .filter((object) => ownersOf(object).some((reference) => reference.uid === owner.metadata.uid))
      .map((object) => ({ name, object, orphaned: ownersOf(object).length === 1 }));
  });
}

export function withoutOwner(object: KubeObject, uid: string): KubeObject {
  const ownerReferences = ownersOf(object).filter((reference) => reference.uid !== uid);
  return { ...object, metadata: { ...object.metadata, ownerReferences } };
}

const ownersOf = (object: KubeObject) => object.metadata.ownerReferences ?? [];
