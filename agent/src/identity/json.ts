/*
 * Reading JSON that somebody else wrote: every reader says what it found or falls back, none throws.
 */

/** Why an object can't be used. `path` is a JSON path such as `metadata.name`. */
export interface Problem {
  readonly path: string;
  readonly message: string;
}

export type Json = Readonly<Record<string, unknown>>;

const NOTHING: Json = {};

export const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The object in a field, or an empty one. */
export function objectAt(parent: unknown, field: string): Json {
  const value = isObject(parent) ? parent[field] : undefined;
  return isObject(value) ? value : NOTHING;
}

/** The objects in an array field; everything else in it is left out. */
export const objectsAt = (parent: Json, field: string): Json[] => arrayAt(parent, field).filter(isObject);

/** The strings in an array field; everything else in it is left out. */
export const textsAt = (parent: Json, field: string): string[] => arrayAt(parent, field).filter(isText);

/** The text in a field, or an empty one. */
export function textAt(parent: Json, field: string): string {
  const value = parent[field];
  return isText(value) ? value : '';
}

/** The string-valued entries of a map field, such as labels. */
export function textMapAt(parent: Json, field: string): Readonly<Record<string, string>> {
  const entries = Object.entries(objectAt(parent, field)).filter((entry): entry is [string, string] =>
    isText(entry[1]),
  );
  return Object.fromEntries(entries);
}

/** A port number in a field, or null. */
export function portAt(parent: Json, field: string): number | null {
  const value = parent[field];
  return Number.isInteger(value) && Number(value) > 0 && Number(value) < 65536 ? Number(value) : null;
}

/** True only for `true`: a field that is missing or of another kind is not set. */
export const flagAt = (parent: Json, field: string): boolean => parent[field] === true;

function arrayAt(parent: Json, field: string): unknown[] {
  const value = parent[field];
  return Array.isArray(value) ? value : [];
}

const isText = (value: unknown): value is string => typeof value === 'string';
