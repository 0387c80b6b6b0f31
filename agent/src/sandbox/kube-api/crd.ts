import { isRecord, type ObjectInput } from './object.ts';
import type { PrinterColumn, Resource, ResourceVersion } from './resource.ts';
import type { Schema } from './schema/schema.ts';
import { compiled } from './schema/validate.ts';
import type { StatusCause } from './status-error.ts';

type Fields = Readonly<Record<string, unknown>>;

/** The parts of a CustomResourceDefinition's spec that the API server acts on; its shape has been validated. */
interface CrdSpec extends Fields {
  readonly group: string;
  readonly scope: string;
  readonly names: {
    readonly kind: string;
    readonly plural: string;
    readonly singular?: string;
    readonly listKind?: string;
    readonly shortNames?: readonly string[];
    readonly categories?: readonly string[];
  };
  readonly versions: readonly CrdVersion[];
}

interface CrdVersion {
  readonly name: string;
  readonly served: boolean;
  readonly storage: boolean;
  readonly schema?: { readonly openAPIV3Schema?: Schema };
  readonly subresources?: { readonly status?: unknown };
  readonly additionalPrinterColumns?: readonly PrinterColumn[];
}

/** The resource that a definition adds to the API. */
export function resourceOfCrd(crd: ObjectInput): Resource {
  const spec = specOf(crd);
  const { names } = spec;
  return {
    group: spec.group,
    plural: names.plural,
    singular: names.singular ?? names.kind.toLowerCase(),
    kind: names.kind,
    listKind: names.listKind ?? `${names.kind}List`,
    shortNames: names.shortNames ?? [],
    categories: names.categories ?? [],
    namespaced: spec.scope === 'Namespaced',
    custom: true,
    versions: spec.versions.filter((version) => version.served).map(versionOfCrd),
    storageVersion: spec.versions.find((version) => version.storage)?.name ?? '',
  };
}

function versionOfCrd(version: CrdVersion): ResourceVersion {
  const schema = version.schema?.openAPIV3Schema;
  return {
    name: version.name,
    status: version.subresources?.status !== undefined,
    ...(schema === undefined ? {} : { schema }),
    ...(version.additionalPrinterColumns === undefined ? {} : { columns: version.additionalPrinterColumns }),
  };
}

/** The definition with the names, the conversion and the status that a cluster would give it. */
export function withCrdDefaults(crd: ObjectInput, now: string): ObjectInput {
  const spec = specOf(crd);
  const names = {
    singular: spec.names.kind.toLowerCase(),
    listKind: `${spec.names.kind}List`,
    ...spec.names,
  };
  const stored = spec.versions.filter((version) => version.storage).map((version) => version.name);
  return {
    ...crd,
    spec: { conversion: { strategy: 'None' }, ...spec, names },
    status: {
      storedVersions: stored,
      conditions: [
        condition('NamesAccepted', 'NoConflicts', { message: 'no conflicts found', now }),
        condition('Established', 'InitialNamesAccepted', {
          message: 'the initial names have been accepted',
          now,
        }),
      ],
      ...(isRecord(crd['status']) ? crd['status'] : {}),
      acceptedNames: names,
    },
  };
}

const condition = (type: string, reason: string, { message, now }: { message: string; now: string }) => ({
  type,
  status: 'True',
  reason,
  message,
  lastTransitionTime: now,
});

/** What the shape alone does not tell: names that fit together, one storage version, usable schemas. */
export function crdProblems(crd: ObjectInput): readonly StatusCause[] {
  const spec = specOf(crd);
  const problems: StatusCause[] = [];
  const expected = `${spec.names.plural}.${spec.group}`;
  if (crd.metadata.name !== expected) {
    problems.push(invalid('metadata.name', `must be spec.names.plural+"."+spec.group: "${expected}"`));
  }
  if (spec.scope !== 'Namespaced' && spec.scope !== 'Cluster') {
    problems.push(invalid('spec.scope', 'must be `Cluster` or `Namespaced`'));
  }
  if (spec.versions.filter((version) => version.storage).length !== 1) {
    problems.push(invalid('spec.versions', 'must have exactly one version marked as storage version'));
  }
  return problems.concat(spec.versions.flatMap(versionProblems));
}

function versionProblems(version: CrdVersion, index: number): StatusCause[] {
  const path = `spec.versions[${index}].schema.openAPIV3Schema`;
  const schema = version.schema?.openAPIV3Schema;
  if (schema === undefined) {
    return [{ reason: 'FieldValueRequired', field: path, message: 'Required value: schemas are required' }];
  }
  return schemaProblems(schema, path);
}

/** Patterns that are none, and the structural-schema rule that every level says its type. */
function schemaProblems(schema: Schema, path: string): StatusCause[] {
  const problems: StatusCause[] = [];
  const typed =
    schema.type ?? schema['x-kubernetes-int-or-string'] ?? schema['x-kubernetes-preserve-unknown-fields'];
  if (typed === undefined) {
    problems.push({
      reason: 'FieldValueRequired',
      field: `${path}.type`,
      message: 'Required value: must not be empty for specified object fields',
    });
  }
  if (schema.pattern !== undefined && !isPattern(schema.pattern)) {
    problems.push(invalid(`${path}.pattern`, `must be a valid regular expression: \`${schema.pattern}\``));
  }
  const children: [string, Schema][] = Object.entries(schema.properties ?? {}).map(([name, own]) => [
    `${path}.properties[${name}]`,
    own,
  ]);
  if (schema.items !== undefined) children.push([`${path}.items`, schema.items]);
  if (typeof schema.additionalProperties === 'object') {
    children.push([`${path}.additionalProperties`, schema.additionalProperties]);
  }
  return problems.concat(children.flatMap(([childPath, own]) => schemaProblems(own, childPath)));
}

function isPattern(pattern: string): boolean {
  try {
    compiled(pattern);
    return true;
  } catch {
    return false;
  }
}

const invalid = (field: string, message: string): StatusCause => ({
  reason: 'FieldValueInvalid',
  field,
  message: `Invalid value: ${message}`,
});

const specOf = (crd: ObjectInput): CrdSpec => crd['spec'] as CrdSpec;
