import { err, ok, type Result } from '../../kernel/result.ts';
import { withBuiltinDefaults } from './builtin-defaults.ts';
import { CRD_RESOURCE } from './builtin-resources.ts';
import { crdProblems, withCrdDefaults } from './crd.ts';
import { metadataProblems } from './metadata.ts';
import { isRecord, type ObjectInput, splitApiVersion } from './object.ts';
import { type Resource, type ResourceVersion, resourceName } from './resource.ts';
import { builtinSchema } from './schema/builtin.ts';
import { withDefaults } from './schema/defaults.ts';
import { pruneObject } from './schema/prune.ts';
import type { Schema } from './schema/schema.ts';
import { validate } from './schema/validate.ts';
import { invalid, type StatusCause, type StatusError } from './status-error.ts';

/** Makes an object what the API would store: pruned, defaulted and valid, at the storage version; or says why not. */
export function admit(
  resource: Resource,
  object: ObjectInput,
  now: string,
): Result<ObjectInput, StatusError> {
  const version = versionFor(resource, object.apiVersion);
  const causes = metadataProblems(resource, object);
  if (causes.length > 0) return err(refusal(resource, object, causes));
  return resource.custom ? admitCustom(resource, version, object) : admitBuiltin(resource, object, now);
}

/** The fields that the schema doesn't know and the store will drop, as paths. */
export function unknownFields(resource: Resource, object: ObjectInput): readonly string[] {
  return pruneObject(schemaOf(resource, versionFor(resource, object.apiVersion)), object).unknown;
}

const EMPTY: Schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };

export const schemaOf = (resource: Resource, version: ResourceVersion | undefined): Schema =>
  resource.custom ? (version?.schema ?? EMPTY) : builtinSchema(resource.kind);

function versionFor(resource: Resource, apiVersion: string): ResourceVersion | undefined {
  const { version } = splitApiVersion(apiVersion);
  return resource.versions.find((served) => served.name === version);
}

function admitCustom(
  resource: Resource,
  version: ResourceVersion | undefined,
  object: ObjectInput,
): Result<ObjectInput, StatusError> {
  const schema = schemaOf(resource, version);
  const filled = withDefaults(schema, pruneObject(schema, object).value) as ObjectInput;
  const causes = validate(schema, filled, '');
  if (causes.length > 0) return err(refusal(resource, object, causes));
  return ok({ ...filled, apiVersion: `${resource.group}/${resource.storageVersion}` });
}

function admitBuiltin(
  resource: Resource,
  object: ObjectInput,
  now: string,
): Result<ObjectInput, StatusError> {
  const schema = builtinSchema(resource.kind);
  const pruned = pruneObject(schema, withoutNulls(object) as ObjectInput).value as ObjectInput;
  const shapeCauses = validate(schema, pruned, '');
  if (shapeCauses.length > 0) return err(refusal(resource, object, shapeCauses));
  if (resourceName(resource) !== CRD_RESOURCE) return ok(withBuiltinDefaults(resourceName(resource), pruned));
  const crdCauses = crdProblems(pruned);
  return crdCauses.length > 0 ? err(refusal(resource, object, crdCauses)) : ok(withCrdDefaults(pruned, now));
}

/** In a built-in kind a null is an absent field: that is how its Go types decode it. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, member]) => member !== null && member !== undefined)
      .map(([field, member]) => [field, withoutNulls(member)]),
  );
}

const refusal = (resource: Resource, object: ObjectInput, causes: readonly StatusCause[]): StatusError =>
  invalid({ group: resource.group, kind: resource.kind, name: object.metadata.name ?? '' }, causes);
