import { isRecord, type ObjectInput } from './object.ts';
import type { Resource } from './resource.ts';
import type { StatusCause } from './status-error.ts';

const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const QUALIFIED = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const MAX_NAME = 253;
const MAX_LABEL = 63;

/** Kinds whose names become a single DNS label. */
const LABEL_NAMED: ReadonlySet<string> = new Set(['Namespace', 'Service']);

/** What is wrong with the metadata itself: names and labels, by the rules every kind shares. */
export function metadataProblems(resource: Resource, object: ObjectInput): readonly StatusCause[] {
  const { name, labels, annotations } = object.metadata;
  return [
    ...nameProblems(resource, name ?? ''),
    ...stringMapProblems('metadata.labels', labels, labelValueProblem),
    ...stringMapProblems('metadata.annotations', annotations, () => undefined),
  ];
}

function nameProblems(resource: Resource, name: string): StatusCause[] {
  const label = LABEL_NAMED.has(resource.kind);
  if (label ? LABEL.test(name) && name.length <= MAX_LABEL : SUBDOMAIN.test(name) && name.length <= MAX_NAME)
    return [];
  const rule = label ? 'RFC 1123 label' : 'RFC 1123 subdomain';
  return [
    invalid(
      'metadata.name',
      name,
      `a lowercase ${rule} must consist of lower case alphanumeric characters, '-'${label ? '' : " or '.'"}, and must start and end with an alphanumeric character`,
    ),
  ];
}

function stringMapProblems(
  path: string,
  map: unknown,
  valueProblem: (value: string) => string | undefined,
): StatusCause[] {
  if (map === undefined || map === null) return [];
  if (!isRecord(map)) return [invalid(path, map, 'must be a map of strings')];
  return Object.entries(map).flatMap(([key, value]) => {
    const rule = keyProblem(key) ?? (typeof value === 'string' ? valueProblem(value) : 'must be a string');
    return rule === undefined ? [] : [invalid(path, keyProblem(key) === undefined ? value : key, rule)];
  });
}

function keyProblem(key: string): string | undefined {
  const slash = key.indexOf('/');
  const prefix = slash < 0 ? undefined : key.slice(0, slash);
  const name = key.slice(slash + 1);
  if (prefix !== undefined && (!SUBDOMAIN.test(prefix) || prefix.length > MAX_NAME)) {
    return 'prefix part must be a lowercase RFC 1123 subdomain';
  }
  return QUALIFIED.test(name) && name.length <= MAX_LABEL
    ? undefined
    : "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
}

function labelValueProblem(value: string): string | undefined {
  if (value.length > MAX_LABEL) return 'must be no more than 63 characters';
  return value === '' || QUALIFIED.test(value)
    ? undefined
    : "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
}

const invalid = (field: string, value: unknown, rule: string): StatusCause => ({
  reason: 'FieldValueInvalid',
  field,
  message: `Invalid value: ${JSON.stringify(value)}: ${rule}`,
});
