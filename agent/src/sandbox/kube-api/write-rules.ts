import { type KubeObject, type ObjectInput, type ObjectMeta, sameJson, splitApiVersion } from './object.ts';
import { type Resource, resourceName, storageVersion } from './resource.ts';
import {
  badRequest,
  conflict,
  STALE_WRITE,
  type StatusError,
  type Subject,
  unknownPath,
} from './status-error.ts';

/** The rules of a write that need nothing but the objects: what may come in, and what of it counts. */

export function kindMismatch(resource: Resource, object: ObjectInput): StatusError | undefined {
  const { group, version } = splitApiVersion(object.apiVersion);
  const served = resource.versions.some((known) => known.name === version);
  if (object.kind === resource.kind && group === resource.group && served) return undefined;
  return badRequest(
    `the object is a ${object.kind} of \`${object.apiVersion}\`, not a ${resource.kind} of ${resourceName(resource)}`,
  );
}

/** What a write asks the current object to be, and it is not. */
export function preconditionProblem(
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

export const unknownKind = (object: ObjectInput): StatusError => ({
  ...unknownPath(),
  message: `no matches for kind "${object.kind}" in version "${object.apiVersion}"`,
});

export const scopeOf = (resource: Resource, object: ObjectInput): string | undefined =>
  resource.namespaced ? (object.metadata.namespace ?? 'default') : undefined;

export const subject = (resource: Resource, name: string | undefined): Subject => ({
  group: resource.group,
  plural: resource.plural,
  ...(name === undefined ? {} : { name }),
});

/** The new object with the part that this write may not touch taken from the current one. */
export function mergeByPart(
  resource: Resource,
  current: KubeObject,
  object: ObjectInput,
  subresource: 'status' | undefined,
): ObjectInput {
  if (subresource === 'status') {
    const { managedFields = current.metadata.managedFields ?? [] } = object.metadata;
    const metadata = managedFields.length === 0 ? current.metadata : { ...current.metadata, managedFields };
    return withStatus({ ...current, metadata }, object['status']);
  }
  return storageVersion(resource).status ? withStatus(object, current['status']) : object;
}

export function withStatus(object: ObjectInput, status: unknown): ObjectInput {
  const { status: _, ...rest } = object;
  return (status === undefined ? rest : { ...rest, status }) as ObjectInput;
}

/** Nulls in metadata are absent fields: manifests made by tools carry `creationTimestamp: null`. */
export function withoutNulls<T extends object>(metadata: T): T {
  return Object.fromEntries(
    Object.entries(metadata).filter(([, value]) => value !== null && value !== undefined),
  ) as T;
}

/** The metadata that no writer can change. */
export function serverOwned(metadata: ObjectMeta) {
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
export function sameIntent(a: KubeObject, b: KubeObject): boolean {
  return sameJson({ ...a, metadata: null, status: null }, { ...b, metadata: null, status: null });
}
