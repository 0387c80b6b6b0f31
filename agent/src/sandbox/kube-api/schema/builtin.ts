import * as models from '@kubernetes/client-node';
import { isRecord } from '../object.ts';
import { mergeRule } from './merge-keys.ts';
import { REQUIRED_FIELDS } from './required-fields.ts';
import type { Schema } from './schema.ts';

/**
 * The schema of a built-in kind, read from the client library's generated models: they list every field
 * and its type, but not what is required, which is why that has a table of its own.
 */
export function builtinSchema(kind: string): Schema {
  return modelSchema(MODEL_NAMES.get(kind) ?? `V1${kind}`);
}

export const metadataSchema = (): Schema => modelSchema('V1ObjectMeta');

/** Kinds whose model is not named `V1<kind>`, since two API groups have one. */
const MODEL_NAMES: ReadonlyMap<string, string> = new Map([['Event', 'CoreV1Event']]);

/** Quantities (`cpu: 1`, `cpu: 500m`) are strings in the models, but numbers are as good. */
const QUANTITY_FIELDS: ReadonlySet<string> = new Set(['limits', 'requests', 'capacity', 'allocatable']);

/** A schema inside a schema may nest without end; its own API validates it, not this one. */
const RECURSIVE_MODELS: ReadonlySet<string> = new Set(['V1JSONSchemaProps']);

const ANYTHING: Schema = { 'x-kubernetes-preserve-unknown-fields': true };

interface Attribute {
  readonly baseName: string;
  readonly type: string;
  readonly format: string;
}

const made = new Map<string, Schema>();

function modelSchema(name: string): Schema {
  const known = made.get(name);
  if (known !== undefined) return known;
  const properties = Object.fromEntries(
    attributesOf(name).map((attribute) => [
      attribute.baseName,
      { ...attributeSchema(attribute), ...mergeRule(name, attribute.baseName) },
    ]),
  );
  const required = REQUIRED_FIELDS.get(name);
  const schema: Schema = { type: 'object', properties, ...(required === undefined ? {} : { required }) };
  made.set(name, schema);
  return schema;
}

function attributeSchema(attribute: Attribute): Schema {
  if (QUANTITY_FIELDS.has(attribute.baseName) && attribute.type === '{ [key: string]: string; }') {
    return { type: 'object', additionalProperties: ANYTHING };
  }
  return typeSchema(attribute.type, attribute.format);
}

/** Reads the model's type notation: `string`, `Array<V1Container>`, `{ [key: string]: string; }`. */
function typeSchema(type: string, format: string): Schema {
  const list = /^Array<(.+)>$/.exec(type)?.[1];
  if (list !== undefined) return { type: 'array', items: typeSchema(list, format) };
  const map = /^\{ \[key: string\]: (.+); \}$/.exec(type)?.[1];
  if (map !== undefined) return { type: 'object', additionalProperties: typeSchema(map, format) };
  if (RECURSIVE_MODELS.has(type)) return ANYTHING;
  return SCALARS.get(type)?.(format) ?? (isModel(type) ? modelSchema(type) : ANYTHING);
}

const SCALARS: ReadonlyMap<string, (format: string) => Schema> = new Map([
  ['string', (format: string): Schema => ({ type: 'string', ...(format === '' ? {} : { format }) })],
  ['boolean', (): Schema => ({ type: 'boolean' })],
  [
    'number',
    (format: string): Schema => (format === 'double' ? { type: 'number' } : { type: 'integer', format }),
  ],
  ['Date', (): Schema => ({ type: 'string', format: 'date-time' })],
  ['V1MicroTime', (): Schema => ({ type: 'string', format: 'date-time' })],
  ['IntOrString', (): Schema => ({ 'x-kubernetes-int-or-string': true })],
]);

const isModel = (name: string): boolean => Object.hasOwn(models, name);

function attributesOf(name: string): readonly Attribute[] {
  const model: unknown = Reflect.get(models, name);
  const attributes: unknown =
    typeof model === 'function' ? (Reflect.get(model, 'attributeTypeMap') as unknown) : undefined;
  if (!Array.isArray(attributes)) throw new Error(`the kube client has no model \`${name}\``);
  return attributes.filter(isAttribute);
}

const isAttribute = (value: unknown): value is Attribute =>
  isRecord(value) && typeof value['baseName'] === 'string' && typeof value['type'] === 'string';
