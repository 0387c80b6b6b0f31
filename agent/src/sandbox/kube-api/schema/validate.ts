import { isRecord, sameJson } from '../object.ts';
import type { StatusCause } from '../status-error.ts';
import { formatProblem } from './formats.ts';
import type { Schema } from './schema.ts';

/**
 * Everything that is wrong with `value`, in the words of the real API server (`field: message`).
 * `x-kubernetes-validations` (CEL) are not evaluated.
 */
export function validate(schema: Schema, value: unknown, path: string): readonly StatusCause[] {
  if (value === null && schema.nullable === true) return [];
  const wrongType = typeProblem(schema, value, path);
  if (wrongType !== undefined) return [wrongType];
  return [
    ...enumProblems(schema, value, path),
    ...stringProblems(schema, value, path),
    ...numberProblems(schema, value, path),
    ...arrayProblems(schema, value, path),
    ...objectProblems(schema, value, path),
    ...combinationProblems(schema, value, path),
  ];
}

function typeProblem(schema: Schema, value: unknown, path: string): StatusCause | undefined {
  if (schema['x-kubernetes-int-or-string'] === true) {
    const fits = typeof value === 'string' || Number.isInteger(value);
    return fits ? undefined : typeInvalid(path, 'integer,string', value);
  }
  if (schema.type === undefined) return undefined;
  const actual = typeOf(value);
  if (actual === schema.type || (schema.type === 'number' && actual === 'integer')) return undefined;
  return typeInvalid(path, schema.type, value);
}

const typeInvalid = (path: string, wanted: string, value: unknown): StatusCause => ({
  reason: 'FieldValueTypeInvalid',
  field: path,
  message: `Invalid value: "${typeOf(value)}": ${path} in body must be of type ${wanted}: "${typeOf(value)}"`,
});

function typeOf(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
}

const invalid = (path: string, value: unknown, rule: string): StatusCause => ({
  reason: 'FieldValueInvalid',
  field: path,
  message: `Invalid value: ${JSON.stringify(value)}: ${rule}`,
});

function enumProblems(schema: Schema, value: unknown, path: string): StatusCause[] {
  if (schema.enum === undefined || schema.enum.some((allowed) => sameJson(allowed, value))) return [];
  const supported = schema.enum.map((allowed) => JSON.stringify(allowed)).join(', ');
  return [
    {
      reason: 'FieldValueNotSupported',
      field: path,
      message: `Unsupported value: ${JSON.stringify(value)}: supported values: ${supported}`,
    },
  ];
}

function stringProblems(schema: Schema, value: unknown, path: string): StatusCause[] {
  if (typeof value !== 'string') return [];
  const problems: StatusCause[] = [];
  const length = [...value].length;
  if (schema.minLength !== undefined && length < schema.minLength) {
    problems.push(invalid(path, value, `${path} in body should be at least ${schema.minLength} chars long`));
  }
  if (schema.maxLength !== undefined && length > schema.maxLength) {
    problems.push(tooLong(path, `may not be longer than ${schema.maxLength}`));
  }
  if (schema.pattern !== undefined && !compiled(schema.pattern).test(value)) {
    problems.push(invalid(path, value, `${path} in body should match '${schema.pattern}'`));
  }
  const badFormat = schema.format === undefined ? undefined : formatProblem(schema.format, value);
  if (badFormat !== undefined) problems.push(invalid(path, value, `${path} in body ${badFormat}`));
  return problems;
}

const tooLong = (path: string, rule: string): StatusCause => ({
  reason: 'FieldValueTooLong',
  field: path,
  message: `Too long: ${rule}`,
});

/** A CRD's pattern, which is RE2's syntax. Throws on one that is no regular expression. */
export function compiled(pattern: string): RegExp {
  const known = patterns.get(pattern);
  if (known !== undefined) return known;
  const made = compile(pattern);
  // Cleared rather than aged: only a run that keeps changing its CRDs ever gets here.
  if (patterns.size >= MAX_PATTERNS) patterns.clear();
  patterns.set(pattern, made);
  return made;
}

/** Unicode mode comes closest to RE2, but refuses escapes that RE2 takes, such as `\_`. */
function compile(pattern: string): RegExp {
  try {
    return new RegExp(pattern, 'u');
  } catch {
    return new RegExp(pattern);
  }
}

const MAX_PATTERNS = 1000;
const patterns = new Map<string, RegExp>();

function numberProblems(schema: Schema, value: unknown, path: string): StatusCause[] {
  if (typeof value !== 'number') return [];
  const problems: StatusCause[] = [];
  const { minimum, maximum, multipleOf } = schema;
  const belowMinimum =
    schema.exclusiveMinimum === true ? value <= (minimum ?? -Infinity) : value < (minimum ?? -Infinity);
  if (minimum !== undefined && belowMinimum) {
    const bound = schema.exclusiveMinimum === true ? 'greater than' : 'greater than or equal to';
    problems.push(invalid(path, value, `${path} in body should be ${bound} ${minimum}`));
  }
  const aboveMaximum =
    schema.exclusiveMaximum === true ? value >= (maximum ?? Infinity) : value > (maximum ?? Infinity);
  if (maximum !== undefined && aboveMaximum) {
    const bound = schema.exclusiveMaximum === true ? 'less than' : 'less than or equal to';
    problems.push(invalid(path, value, `${path} in body should be ${bound} ${maximum}`));
  }
  if (multipleOf !== undefined && !Number.isInteger(value / multipleOf)) {
    problems.push(invalid(path, value, `${path} in body should be a multiple of ${multipleOf}`));
  }
  if (schema.format === 'int32' && (value < -(2 ** 31) || value >= 2 ** 31)) {
    problems.push(invalid(path, value, `${path} in body must be of type int32`));
  }
  return problems;
}

function arrayProblems(schema: Schema, value: unknown, path: string): StatusCause[] {
  if (!Array.isArray(value)) return [];
  const problems: StatusCause[] = [];
  if (schema.minItems !== undefined && value.length < schema.minItems) {
    problems.push(
      invalid(path, value.length, `${path} in body should have at least ${schema.minItems} items`),
    );
  }
  if (schema.maxItems !== undefined && value.length > schema.maxItems) {
    problems.push({
      reason: 'FieldValueTooMany',
      field: path,
      message: `Too many: ${value.length}: must have at most ${schema.maxItems} items`,
    });
  }
  problems.push(...duplicateProblems(schema, value, path));
  const { items } = schema;
  if (items === undefined) return problems;
  return problems.concat(value.flatMap((item, i) => validate(items, item, `${path}[${i}]`)));
}

/** Uniqueness of `x-kubernetes-list-type: set` items and of the keys of `map` items. */
function duplicateProblems(schema: Schema, value: readonly unknown[], path: string): StatusCause[] {
  const identity = itemIdentity(schema);
  if (identity === undefined) return [];
  const seen = new Set<string>();
  return value.flatMap((item, i) => {
    const key = JSON.stringify(identity(item));
    if (!seen.has(key)) {
      seen.add(key);
      return [];
    }
    return [{ reason: 'FieldValueDuplicate', field: `${path}[${i}]`, message: `Duplicate value: ${key}` }];
  });
}

function itemIdentity(schema: Schema): ((item: unknown) => unknown) | undefined {
  if (schema['x-kubernetes-list-type'] === 'set' || schema.uniqueItems === true) return (item) => item;
  const keys = schema['x-kubernetes-list-map-keys'];
  if (schema['x-kubernetes-list-type'] !== 'map' || keys === undefined) return undefined;
  return (item) =>
    Object.fromEntries(
      keys.map((key) => [
        key,
        (isRecord(item) ? item[key] : undefined) ?? schema.items?.properties?.[key]?.default,
      ]),
    );
}

function objectProblems(schema: Schema, value: unknown, path: string): StatusCause[] {
  if (!isRecord(value)) return [];
  const missing = (schema.required ?? [])
    .filter((field) => value[field] === undefined)
    .map((field) => ({ reason: 'FieldValueRequired', field: child(path, field), message: 'Required value' }));
  return [...missing, ...sizeProblems(schema, value, path), ...memberProblems(schema, value, path)];
}

function sizeProblems(schema: Schema, value: object, path: string): StatusCause[] {
  const size = Object.keys(value).length;
  const problems: StatusCause[] = [];
  if (schema.minProperties !== undefined && size < schema.minProperties) {
    problems.push(
      invalid(path, size, `${path} in body should have at least ${schema.minProperties} properties`),
    );
  }
  if (schema.maxProperties !== undefined && size > schema.maxProperties) {
    problems.push({
      reason: 'FieldValueTooMany',
      field: path,
      message: `Too many: ${size}: must have at most ${schema.maxProperties} items`,
    });
  }
  return problems;
}

function memberProblems(
  schema: Schema,
  value: Readonly<Record<string, unknown>>,
  path: string,
): StatusCause[] {
  return Object.entries(value).flatMap(([field, member]) => {
    const own = memberSchema(schema, field);
    return own === undefined || member === undefined ? [] : validate(own, member, child(path, field));
  });
}

/** What the schema says of one member, or undefined when it says nothing. */
export function memberSchema(schema: Schema, field: string): Schema | undefined {
  const { properties, additionalProperties } = schema;
  if (properties !== undefined && Object.hasOwn(properties, field)) return properties[field];
  return typeof additionalProperties === 'object' ? additionalProperties : undefined;
}

function combinationProblems(schema: Schema, value: unknown, path: string): StatusCause[] {
  const fits = (alternative: Schema) => validate(alternative, value, path).length === 0;
  const problems = (schema.allOf ?? []).flatMap((part) => [...validate(part, value, path)]);
  if (schema.anyOf !== undefined && !schema.anyOf.some(fits)) {
    problems.push(invalid(path, value, `${path} in body must validate at least one schema (anyOf)`));
  }
  if (schema.oneOf !== undefined && schema.oneOf.filter(fits).length !== 1) {
    problems.push(invalid(path, value, `${path} in body must validate one and only one schema (oneOf)`));
  }
  if (schema.not !== undefined && fits(schema.not)) {
    problems.push(invalid(path, value, `${path} in body must not validate the schema (not)`));
  }
  return problems;
}

/** `spec` under the root, `spec.rules` below it. */
export const child = (path: string, field: string): string => (path === '' ? field : `${path}.${field}`);
