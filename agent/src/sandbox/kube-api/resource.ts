import type { Schema } from './schema/schema.ts';

/** One column of `kubectl get`; priority 1 shows with `-o wide` only. */
export interface PrinterColumn {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'date';
  readonly jsonPath: string;
  readonly format?: string;
  readonly description?: string;
  readonly priority?: number;
}

export interface ResourceVersion {
  readonly name: string;
  /** Has a `status` subresource: a plain write can't change `status`, a status write nothing else. */
  readonly status: boolean;
  readonly schema?: Schema;
  /** From a CRD; built-ins have printers of their own. */
  readonly columns?: readonly PrinterColumn[];
}

/** A kind of object that the API serves: a built-in or one that a CRD added. */
export interface Resource {
  readonly group: string;
  readonly plural: string;
  readonly singular: string;
  readonly kind: string;
  readonly listKind: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly namespaced: boolean;
  readonly custom: boolean;
  /** Served versions, preferred first. */
  readonly versions: readonly ResourceVersion[];
  readonly storageVersion: string;
}

/** `pods`, or `apipolicies.eastwall.dev`: the name that the store and the CRD use. */
export const resourceName = (resource: { readonly group: string; readonly plural: string }): string =>
  resource.group === '' ? resource.plural : `${resource.plural}.${resource.group}`;

/** The storage version's definition; every resource has one. */
export function storageVersion(resource: Resource): ResourceVersion {
  const version = resource.versions.find((v) => v.name === resource.storageVersion) ?? resource.versions[0];
  if (version === undefined) throw new Error(`${resourceName(resource)} has no version`);
  return version;
}
