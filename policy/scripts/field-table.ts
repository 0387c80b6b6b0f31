import type { StructuralSchema } from '../src/schema/structural.ts';
import { markdownTable } from './markdown-table.ts';

/** A Markdown table with one row per field below the schema, depth first. */
export function fieldTable(schema: StructuralSchema, path: string): string {
  return markdownTable([['Field', 'Type', 'Bounds', 'Meaning'], ...rowsOf(schema, path)]);
}

function rowsOf(schema: StructuralSchema, path: string): string[][] {
  const rows: string[][] = [];
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    const required = schema.required?.includes(name) === true;
    const place = `${path}.${name}${field.items?.properties === undefined ? '' : '[]'}`;
    rows.push(row(place, field, required), ...rowsOf(field.items ?? field, place));
  }
  return rows;
}

function row(place: string, field: StructuralSchema, required: boolean): string[] {
  const bounds = [...(required ? ['required'] : []), ...boundsOf(field)].join(', ');
  return [`\`${place}\``, typeOf(field), bounds, field.description ?? ''];
}

function typeOf(field: StructuralSchema): string {
  const values: unknown = field['enum'];
  if (Array.isArray(values)) return values.map((value) => `\`${String(value)}\``).join(' or ');
  if (field.items !== undefined) return `list of ${field.items.type}`;
  return field.additionalProperties === undefined ? field.type : `map of ${field.additionalProperties.type}`;
}

const BOUNDS: readonly (readonly [keyword: string, words: (bound: string) => string])[] = [
  ['minItems', (n) => `≥ ${n}`],
  ['maxItems', (n) => `≤ ${n}`],
  ['minProperties', (n) => `≥ ${n} field${n === '1' ? '' : 's'}`],
  ['maxProperties', (n) => `≤ ${n} fields`],
  ['minimum', (n) => `from ${n}`],
  ['maximum', (n) => `to ${n}`],
  ['maxLength', (n) => `≤ ${n} characters`],
];

/** Bounds of the field, then those of the entries of a list of plain values or selectors. */
function boundsOf(field: StructuralSchema): string[] {
  const own = BOUNDS.flatMap(([keyword, words]) => (keyword in field ? [words(String(field[keyword]))] : []));
  const each = field.items ?? field.additionalProperties;
  const entries = each === undefined ? [] : boundsOf(each);
  return entries.length === 0 ? own : [...own, `each ${entries.join(' ')}`];
}
