import { isRecord, sameJson } from '../object.ts';
import type { Schema } from '../schema/schema.ts';
import { memberSchema } from '../schema/validate.ts';

/**
 * What the object becomes when `applied` is server-side applied to it: maps merge, lists with keys merge item
 * by item, sets unite, everything else takes the applied value.
 */
export function applyMerge(schema: Schema | undefined, current: unknown, applied: unknown): unknown {
  if (Array.isArray(applied)) return applyList(schema, Array.isArray(current) ? current : [], applied);
  if (!isRecord(applied)) return applied;
  if (schema?.['x-kubernetes-map-type'] === 'atomic' || !isRecord(current)) return applied;
  const merged = new Map(Object.entries(current));
  for (const [field, value] of Object.entries(applied)) {
    const own = schema === undefined ? undefined : memberSchema(schema, field);
    merged.set(field, applyMerge(own, merged.get(field), value));
  }
  return Object.fromEntries(merged);
}

/** The members that tell the items of a list apart; undefined for a list that is replaced whole. */
export function listKeys(schema: Schema | undefined): readonly string[] | undefined {
  if (schema?.['x-kubernetes-list-type'] === 'map') return schema['x-kubernetes-list-map-keys'];
  const key = schema?.['x-kubernetes-patch-merge-key'];
  return key === undefined ? undefined : [key];
}

export const isSetList = (schema: Schema | undefined): boolean =>
  schema?.['x-kubernetes-list-type'] === 'set' ||
  (schema?.['x-kubernetes-patch-strategy'] === 'merge' && listKeys(schema) === undefined);

function applyList(
  schema: Schema | undefined,
  current: readonly unknown[],
  applied: readonly unknown[],
): unknown {
  if (isSetList(schema))
    return [...current, ...applied.filter((item) => !current.some((own) => sameJson(own, item)))];
  const keys = listKeys(schema);
  if (keys === undefined) return applied;
  const merged = [...current];
  for (const item of applied) {
    const at = merged.findIndex((own) => sameItem(own, item, keys));
    if (at < 0) merged.push(item);
    else merged[at] = applyMerge(schema?.items, merged[at], item);
  }
  return merged;
}

export const sameItem = (a: unknown, b: unknown, keys: readonly string[]): boolean =>
  isRecord(a) && isRecord(b) && keys.every((key) => sameJson(a[key], b[key]));
