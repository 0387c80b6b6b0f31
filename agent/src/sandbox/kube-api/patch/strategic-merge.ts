import { isRecord, sameJson } from '../object.ts';
import type { Schema } from '../schema/schema.ts';
import { memberSchema } from '../schema/validate.ts';

type Fields = Readonly<Record<string, unknown>>;

const ELEMENT_ORDER = '$setElementOrder/';
const DELETE_PRIMITIVES = '$deleteFromPrimitiveList/';
const RETAIN_KEYS = '$retainKeys';
const DIRECTIVE = '$patch';

/**
 * Kubernetes' strategic merge patch: maps merge, lists that have a merge key in the schema merge item by item,
 * all other lists are replaced. Understands `$patch`, `$retainKeys`, `$setElementOrder/…` and
 * `$deleteFromPrimitiveList/…`, which is what `kubectl apply` and `kubectl edit` send.
 */
export function strategicMerge(schema: Schema | undefined, target: unknown, patch: unknown): unknown {
  return isRecord(patch) ? mergeMap(schema, isRecord(target) ? target : {}, patch) : patch;
}

function mergeMap(schema: Schema | undefined, target: Fields, patch: Fields): unknown {
  if (patch[DIRECTIVE] === 'replace') return withoutDirectives(patch);
  const merged = new Map(Object.entries(retained(target, patch[RETAIN_KEYS])));
  for (const [field, value] of Object.entries(patch)) {
    if (field.startsWith(DELETE_PRIMITIVES)) {
      deletePrimitives(merged, field.slice(DELETE_PRIMITIVES.length), value);
    } else if (field.startsWith('$')) continue;
    else if (value === null) merged.delete(field);
    else merged.set(field, mergeMember(memberOf(schema, field), merged.get(field), value));
  }
  for (const [field, order] of Object.entries(patch)) {
    if (!field.startsWith(ELEMENT_ORDER) || !Array.isArray(order)) continue;
    const name = field.slice(ELEMENT_ORDER.length);
    const list = merged.get(name);
    if (Array.isArray(list)) merged.set(name, ordered(list, order, mergeKeyOf(memberOf(schema, name))));
  }
  return Object.fromEntries(merged);
}

const memberOf = (schema: Schema | undefined, field: string): Schema | undefined =>
  schema === undefined ? undefined : memberSchema(schema, field);

/** `$retainKeys` names the only members that stay: it switches a union from one kind to another. */
function retained(target: Fields, keys: unknown): Fields {
  if (!Array.isArray(keys)) return target;
  return Object.fromEntries(Object.entries(target).filter(([field]) => keys.includes(field)));
}

function deletePrimitives(merged: Map<string, unknown>, field: string, values: unknown): void {
  const list = merged.get(field);
  if (!Array.isArray(list) || !Array.isArray(values)) return;
  merged.set(
    field,
    list.filter((item) => !values.includes(item)),
  );
}

function mergeMember(schema: Schema | undefined, target: unknown, patch: unknown): unknown {
  if (!Array.isArray(patch)) return strategicMerge(schema, target, patch);
  const mergeKey = mergeKeyOf(schema);
  const current: readonly unknown[] = Array.isArray(target) ? target : [];
  if (mergeKey !== undefined) return mergeList(current, patch, { mergeKey, item: schema?.items });
  return schema?.['x-kubernetes-patch-strategy'] === 'merge'
    ? union(current, patch)
    : withoutDirectives(patch);
}

const mergeKeyOf = (schema: Schema | undefined): string | undefined =>
  schema?.['x-kubernetes-patch-merge-key'];

interface ListMerge {
  readonly mergeKey: string;
  readonly item: Schema | undefined;
}

function mergeList(
  target: readonly unknown[],
  patch: readonly unknown[],
  { mergeKey, item }: ListMerge,
): unknown {
  if (patch.some((entry) => isRecord(entry) && entry[DIRECTIVE] === 'replace')) {
    return withoutDirectives(patch.filter((entry) => !isDirectiveOnly(entry)));
  }
  let merged = [...target];
  for (const entry of patch) {
    if (!isRecord(entry)) continue;
    const at = merged.findIndex((own) => isRecord(own) && sameJson(own[mergeKey], entry[mergeKey]));
    if (entry[DIRECTIVE] === 'delete') merged = merged.filter((_, i) => i !== at);
    else if (at < 0) merged.push(strategicMerge(item, {}, entry));
    else merged[at] = strategicMerge(item, merged[at], entry);
  }
  return merged;
}

const isDirectiveOnly = (entry: unknown): boolean =>
  isRecord(entry) && DIRECTIVE in entry && Object.keys(entry).length === 1;

const union = (target: readonly unknown[], patch: readonly unknown[]): unknown[] => [
  ...target,
  ...patch.filter((value) => !target.includes(value)),
];

/** The items named in `order` take, in that order, the places that they hold together; the others stay put. */
function ordered(
  list: readonly unknown[],
  order: readonly unknown[],
  mergeKey: string | undefined,
): unknown[] {
  const identity = (item: unknown) =>
    JSON.stringify(mergeKey !== undefined && isRecord(item) ? item[mergeKey] : item);
  const byIdentity = new Map(list.map((item) => [identity(item), item]));
  const wanted = order.map(identity);
  const moving = wanted.filter((id) => byIdentity.has(id));
  const queue = moving.map((id) => byIdentity.get(id));
  return list.map((item) => (moving.includes(identity(item)) ? queue.shift() : item));
}

function withoutDirectives(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutDirectives);
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([field, member]) => !field.startsWith('$') && member !== null)
      .map(([field, member]) => [field, withoutDirectives(member)]),
  );
}
