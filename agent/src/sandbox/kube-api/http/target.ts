import { joinApiVersion } from '../object.ts';
import type { ResourceRegistry } from '../registry.ts';
import type { Resource, ResourceVersion } from '../resource.ts';

/** What a path under /api/v1 or /apis/<group>/<version> names. */
export interface Target {
  readonly resource: Resource;
  readonly version: ResourceVersion;
  readonly apiVersion: string;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly subresource: string | undefined;
}

export interface GroupVersionPath {
  readonly group: string;
  readonly version: string;
  /** What comes after the version. */
  readonly rest: readonly string[];
}

/** Splits `/apis/apps/v1/deployments` and `/api/v1/pods`; undefined for any other path. */
export function splitPath(path: string): GroupVersionPath | undefined {
  const [root, ...parts] = path.split('/').filter((part) => part !== '');
  const [first, second] = parts;
  if (root === 'api' && first !== undefined) return { group: '', version: first, rest: parts.slice(1) };
  if (root === 'apis' && first !== undefined && second !== undefined) {
    return { group: first, version: second, rest: parts.slice(2) };
  }
  return undefined;
}

/** The resource, and the object in it, that a path names; undefined when nothing serves it. */
export function resolveTarget(registry: ResourceRegistry, path: GroupVersionPath): Target | undefined {
  const rest = decoded(path.rest);
  if (rest === undefined) return undefined;
  const { namespace, plural, name, subresource, extra } = splitRest(rest);
  if (plural === undefined || extra) return undefined;
  const resource = registry.byPath(path.group, path.version, plural);
  const version = resource?.versions.find((served) => served.name === path.version);
  if (resource === undefined || version === undefined) return undefined;
  if (namespace !== undefined && !resource.namespaced) return undefined;
  const apiVersion = joinApiVersion(path.group, path.version);
  return { resource, version, apiVersion, namespace, name, subresource };
}

function decoded(parts: readonly string[]): readonly string[] | undefined {
  try {
    return parts.map(decodeURIComponent);
  } catch {
    // A stray `%`: no object has such a name.
    return undefined;
  }
}

const NAMESPACE_SUBRESOURCES: ReadonlySet<string> = new Set(['status', 'finalize']);

/** `namespaces/a/pods/b/status` is about a pod, `namespaces/a` and `namespaces/a/status` about a namespace. */
function splitRest(rest: readonly string[]) {
  const [first, second, third] = rest;
  const inside =
    first === 'namespaces' &&
    third !== undefined &&
    !(rest.length === 3 && NAMESPACE_SUBRESOURCES.has(third));
  const namespace = inside ? second : undefined;
  const [plural, name, subresource, ...extra] = inside ? rest.slice(2) : rest;
  return { namespace, plural, name, subresource, extra: extra.length > 0 };
}
