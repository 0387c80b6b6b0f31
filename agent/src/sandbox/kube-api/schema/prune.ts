import { isRecord } from '../object.ts';
import type { Schema } from './schema.ts';
import { child, memberSchema } from './validate.ts';

/** What the API server itself reads of every object, whatever a CRD's schema says of it. */
const ENVELOPE: ReadonlySet<string> = new Set(['apiVersion', 'kind', 'metadata']);

export interface Pruned {
  readonly value: unknown;
  /** Paths of what was dropped, as `spec.rules[0].nme`. */
  readonly unknown: readonly string[];
}

/** Drops every field that the schema doesn't know, as the API server does before it stores an object. */
export function pruneObject(schema: Schema, object: Readonly<Record<string, unknown>>): Pruned {
  const unknown: string[] = [];
  return { value: pruneMembers(schema, object, { path: '', envelope: true, unknown }), unknown };
}

interface Place {
  readonly path: string;
  /** The value is a whole object with apiVersion, kind and metadata. */
  readonly envelope: boolean;
  readonly unknown: string[];
}

function prune(schema: Schema, value: unknown, place: Place): unknown {
  if (Array.isArray(value)) {
    const { items } = schema;
    return items === undefined
      ? value
      : value.map((item, i) => prune(items, item, { ...place, path: `${place.path}[${i}]` }));
  }
  const envelope = schema['x-kubernetes-embedded-resource'] === true;
  return isRecord(value) ? pruneMembers(schema, value, { ...place, envelope }) : value;
}

function pruneMembers(schema: Schema, value: Readonly<Record<string, unknown>>, place: Place) {
  const kept: [string, unknown][] = [];
  for (const [field, member] of Object.entries(value)) {
    const path = child(place.path, field);
    const own = memberSchema(schema, field);
    if (place.envelope && ENVELOPE.has(field)) kept.push([field, member]);
    else if (own !== undefined) kept.push([field, prune(own, member, { ...place, path })]);
    else if (keepsUnknown(schema)) kept.push([field, member]);
    else place.unknown.push(path);
  }
  return Object.fromEntries(kept);
}

const keepsUnknown = (schema: Schema): boolean =>
  schema['x-kubernetes-preserve-unknown-fields'] === true || schema.additionalProperties === true;
