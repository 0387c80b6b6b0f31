import { isRecord } from '../object.ts';
import type { Schema } from './schema.ts';
import { memberSchema } from './validate.ts';

/** Fills in the schema's `default`s, below what is there: a default never makes its parent appear. */
export function withDefaults(schema: Schema, value: unknown): unknown {
  if (Array.isArray(value)) {
    const { items } = schema;
    return items === undefined ? value : value.map((item) => withDefaults(items, item));
  }
  if (!isRecord(value)) return value;
  const filled = new Map<string, unknown>();
  for (const [field, member] of Object.entries(value)) {
    const own = memberSchema(schema, field);
    // A null where null is not allowed counts as absent when there is a default to take its place.
    if (member === null && own?.default !== undefined && own.nullable !== true) continue;
    filled.set(field, own === undefined ? member : withDefaults(own, member));
  }
  for (const [field, own] of Object.entries(schema.properties ?? {})) {
    if (filled.get(field) === undefined && own.default !== undefined) {
      filled.set(field, withDefaults(own, structuredClone(own.default)));
    }
  }
  return Object.fromEntries(filled);
}
