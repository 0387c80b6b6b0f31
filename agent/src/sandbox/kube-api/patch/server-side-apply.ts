import { err, ok, type Result } from '../../../kernel/result.ts';
import { isRecord, type ObjectInput, sameJson } from '../object.ts';
import type { Schema } from '../schema/schema.ts';
import type { StatusCause, StatusError } from '../status-error.ts';
import { applyMerge } from './apply-merge.ts';
import {
  type FieldPath,
  fieldAt,
  fieldsOf,
  fromFieldsV1,
  pathKey,
  pathText,
  toFieldsV1,
  withoutField,
} from './field-set.ts';

export interface Applier {
  readonly manager: string;
  readonly subresource: string | undefined;
  /** Takes over what others have applied, instead of refusing. */
  readonly force: boolean;
  /** RFC 3339. */
  readonly time: string;
}

interface ManagedEntry {
  readonly manager: string;
  readonly operation: string;
  readonly apiVersion: string;
  readonly time: string;
  readonly fieldsType: 'FieldsV1';
  readonly fieldsV1: unknown;
  readonly subresource?: string;
}

/**
 * Server-side apply: merges what `applied` says into `current`, and takes away what this manager applied before
 * and says no more. Refused where another manager has applied another value, unless forced.
 */
export function serverSideApply(
  schema: Schema,
  { current, applied }: { readonly current: ObjectInput | undefined; readonly applied: ObjectInput },
  applier: Applier,
): Result<ObjectInput, StatusError> {
  const entries = entriesOf(current);
  const own = entries.find((entry) => isOwn(entry, applier));
  const others = entries.filter((entry) => entry !== own);
  const fields = fieldsOf(schema, withoutIdentity(applied));
  const conflicts = conflictsOf(others, { current, applied, fields });
  if (conflicts.length > 0 && !applier.force) return err(applyConflict(conflicts));
  const remaining = others.flatMap((entry) =>
    withoutFields(
      entry,
      conflicts.map((conflict) => conflict.path),
    ),
  );
  const kept = new Set([...fields, ...remaining.flatMap(pathsOf)].map(pathKey));
  const abandoned = (own === undefined ? [] : pathsOf(own)).filter((path) => !isKept(path, kept));
  const merged = applyMerge(schema, current, applied);
  const result = abandoned.reduce<unknown>(withoutField, merged) as ObjectInput;
  const managedFields = [...remaining, newEntry(own, { fields, applier, apiVersion: applied.apiVersion })];
  return ok({ ...result, metadata: { ...result.metadata, managedFields } });
}

const entriesOf = (object: ObjectInput | undefined): readonly ManagedEntry[] =>
  (object?.metadata.managedFields ?? []).filter(isEntry);

const isEntry = (value: unknown): value is ManagedEntry =>
  isRecord(value) && typeof value['manager'] === 'string' && value['operation'] === 'Apply';

const isOwn = (entry: ManagedEntry, applier: Applier): boolean =>
  entry.manager === applier.manager && entry.subresource === applier.subresource;

const pathsOf = (entry: ManagedEntry): readonly FieldPath[] => fromFieldsV1(entry.fieldsV1);

/** An item stays as long as anybody has a say in anything inside it. */
function isKept(path: FieldPath, kept: ReadonlySet<string>): boolean {
  if (path.at(-1) !== '.') return kept.has(pathKey(path));
  const inside = pathKey(path.slice(0, -1)).slice(0, -1);
  return [...kept].some((key) => key.startsWith(inside));
}

/** What names the object and what the server writes is nobody's field. */
function withoutIdentity(object: ObjectInput): unknown {
  const { apiVersion: _, kind: __, metadata, ...rest } = object;
  const { labels, annotations, finalizers, ownerReferences } = metadata;
  const owned = Object.entries({ labels, annotations, finalizers, ownerReferences });
  const set = owned.filter(([, value]) => value !== undefined);
  return set.length === 0 ? rest : { ...rest, metadata: Object.fromEntries(set) };
}

interface Conflict {
  readonly manager: string;
  readonly path: FieldPath;
}

interface Attempt {
  readonly current: ObjectInput | undefined;
  readonly applied: ObjectInput;
  readonly fields: readonly FieldPath[];
}

function conflictsOf(
  others: readonly ManagedEntry[],
  { current, applied, fields }: Attempt,
): readonly Conflict[] {
  const changed = fields.filter(
    (path) => path.at(-1) !== '.' && !sameJson(fieldAt(current, path), fieldAt(applied, path)),
  );
  return others.flatMap((entry) => {
    const theirs = new Set(pathsOf(entry).map(pathKey));
    return changed
      .filter((path) => theirs.has(pathKey(path)))
      .map((path) => ({ manager: entry.manager, path }));
  });
}

/** The entry without the fields that were taken over; nothing when that was all. */
function withoutFields(entry: ManagedEntry, taken: readonly FieldPath[]): readonly ManagedEntry[] {
  const gone = new Set(taken.map(pathKey));
  const left = pathsOf(entry).filter((path) => !gone.has(pathKey(path)));
  if (left.length === pathsOf(entry).length) return [entry];
  return left.length === 0 ? [] : [{ ...entry, fieldsV1: toFieldsV1(left) }];
}

interface EntryContent {
  readonly fields: readonly FieldPath[];
  readonly applier: Applier;
  readonly apiVersion: string;
}

/** Keeps the old time when the same fields are applied again, so that applying twice changes nothing. */
function newEntry(
  own: ManagedEntry | undefined,
  { fields, applier, apiVersion }: EntryContent,
): ManagedEntry {
  const fieldsV1 = toFieldsV1(fields);
  if (own !== undefined && sameJson(own.fieldsV1, fieldsV1)) return own;
  const { manager, subresource, time } = applier;
  return {
    manager,
    operation: 'Apply',
    apiVersion,
    time,
    fieldsType: 'FieldsV1',
    fieldsV1,
    ...(subresource === undefined ? {} : { subresource }),
  };
}

function applyConflict(conflicts: readonly Conflict[]): StatusError {
  const causes = conflicts.map(
    ({ manager, path }): StatusCause => ({
      reason: 'FieldManagerConflict',
      message: `conflict with "${manager}"`,
      field: pathText(path),
    }),
  );
  const list = causes.map(({ message, field }) => `${message}: ${field}`).join(', ');
  const count = causes.length === 1 ? '1 conflict' : `${causes.length} conflicts`;
  return {
    code: 409,
    reason: 'Conflict',
    message: `Apply failed with ${count}: ${list}`,
    details: { causes },
  };
}
