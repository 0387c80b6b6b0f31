import { isRecord, sameJson } from '../object.ts';
import type { Schema } from '../schema/schema.ts';
import { memberSchema } from '../schema/validate.ts';
import { isSetList, listKeys, sameItem } from './apply-merge.ts';

/**
 * The way to a field, in the notation of `managedFields`: `f:` a member, `k:` the item with these keys, `v:` the
 * item with this value, `.` the thing itself.
 */
export type FieldPath = readonly string[];

/** The fields that `value` sets, leaves only; the items of a keyed list count as fields themselves. */
export function fieldsOf(
  schema: Schema | undefined,
  value: unknown,
  at: FieldPath = [],
): readonly FieldPath[] {
  if (Array.isArray(value)) return itemsOf(schema, value, at);
  const atomic = schema?.['x-kubernetes-map-type'] === 'atomic';
  if (!isRecord(value) || atomic || Object.keys(value).length === 0) return [at];
  return Object.entries(value).flatMap(([field, member]) => {
    const own = schema === undefined ? undefined : memberSchema(schema, field);
    return fieldsOf(own, member, [...at, `f:${field}`]);
  });
}

function itemsOf(schema: Schema | undefined, list: readonly unknown[], at: FieldPath): readonly FieldPath[] {
  if (isSetList(schema)) return list.map((item) => [...at, `v:${JSON.stringify(item)}`]);
  const keys = listKeys(schema);
  if (keys === undefined) return [at];
  return list.flatMap((item) => {
    const own = [...at, `k:${JSON.stringify(keysOf(item, keys))}`];
    return [[...own, '.'], ...fieldsOf(schema?.items, item, own)];
  });
}

const keysOf = (item: unknown, keys: readonly string[]) =>
  Object.fromEntries(
    keys.flatMap((key) => (isRecord(item) && item[key] !== undefined ? [[key, item[key]]] : [])),
  );

/** The value at a path; undefined where there is none. */
export function fieldAt(value: unknown, path: FieldPath): unknown {
  return path.reduce<unknown>((found, step) => {
    const index = Array.isArray(found) ? found.findIndex((item) => isItem(item, step)) : -1;
    if (step === '.') return found;
    if (Array.isArray(found)) return found[index];
    return isRecord(found) ? found[step.slice(2)] : undefined;
  }, value);
}

/** A copy without the field, and without the maps and lists that would be left empty. */
export function withoutField(value: unknown, path: FieldPath): unknown {
  const [step, ...rest] = path;
  if (step === undefined || step === '.') return undefined;
  if (Array.isArray(value)) {
    const items = value.map((item: unknown) => (isItem(item, step) ? withoutField(item, rest) : item));
    return emptied(items.filter((item) => item !== undefined));
  }
  if (!isRecord(value)) return value;
  const own = step.slice(2);
  const members = Object.entries(value).map(([field, member]): [string, unknown] =>
    field === own ? [field, withoutField(member, rest)] : [field, member],
  );
  return emptied(Object.fromEntries(members.filter(([, member]) => member !== undefined)));
}

const emptied = <T extends object>(value: T): T | undefined =>
  Object.keys(value).length === 0 ? undefined : value;

function isItem(item: unknown, step: string): boolean {
  if (step.startsWith('v:')) return sameJson(item, JSON.parse(step.slice(2)));
  if (!step.startsWith('k:')) return false;
  const keys: unknown = JSON.parse(step.slice(2));
  return isRecord(keys) && sameItem(item, keys, Object.keys(keys));
}

/** The nested form that `managedFields` has on the wire. */
export function toFieldsV1(paths: readonly FieldPath[]): unknown {
  const root = new Map<string, FieldPath[]>();
  for (const [step, ...rest] of paths) {
    if (step === undefined) continue;
    const below = root.get(step) ?? [];
    if (rest.length > 0) below.push(rest);
    root.set(step, below);
  }
  return Object.fromEntries([...root].map(([step, below]) => [step, toFieldsV1(below)]));
}

export function fromFieldsV1(fields: unknown, at: FieldPath = []): readonly FieldPath[] {
  if (!isRecord(fields) || Object.keys(fields).length === 0) return at.length === 0 ? [] : [at];
  return Object.entries(fields).flatMap(([step, below]) => fromFieldsV1(below, [...at, step]));
}

/** A path as a map key. */
export const pathKey = (path: FieldPath): string => JSON.stringify(path);

/** `.spec.rules[name="a"].action`, as conflicts are reported. */
export const pathText = (path: FieldPath): string =>
  path
    .filter((step) => step !== '.')
    .map(stepText)
    .join('');

function stepText(step: string): string {
  if (step.startsWith('f:')) return `.${step.slice(2)}`;
  if (step.startsWith('v:')) return `[=${step.slice(2)}]`;
  const keys: unknown = JSON.parse(step.slice(2));
  const pairs = Object.entries(isRecord(keys) ? keys : {}).map(
    ([key, value]) => `${key}=${JSON.stringify(value)}`,
  );
  return `[${pairs.join(',')}]`;
}
