import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runs } from '../../testing/runs.ts';
import { parseTemplate } from '../path/template.ts';
import { apiPolicyCrd } from './crd.ts';
import { type StructuralSchema, specSchema } from './structural.ts';
import { TEMPLATE_PATTERN } from './template-pattern.ts';

/** Every schema below, with the place it stands at. */
function* schemasOf(schema: StructuralSchema, place = 'spec'): Generator<[string, StructuralSchema]> {
  yield [place, schema];
  for (const [name, child] of Object.entries(schema.properties ?? {}))
    yield* schemasOf(child, `${place}.${name}`);
  if (schema.items !== undefined) yield* schemasOf(schema.items, `${place}[]`);
  if (schema.additionalProperties !== undefined) yield* schemasOf(schema.additionalProperties, `${place}{}`);
}

// What k8s.io/apiextensions-apiserver demands of a structural schema, as far as this one could break it.
const ALLOWED = new Set([
  'type',
  'description',
  'properties',
  'required',
  'items',
  'additionalProperties',
  'enum',
  'pattern',
  'minimum',
  'maximum',
  'minLength',
  'maxLength',
  'minItems',
  'maxItems',
  'minProperties',
  'maxProperties',
  'x-kubernetes-list-type',
  'x-kubernetes-list-map-keys',
  'x-kubernetes-validations',
]);

describe('the schema in the CRD', () => {
  it.each([...schemasOf(specSchema())])('is structural at %s', (_, schema) => {
    for (const keyword of Object.keys(schema)) expect(ALLOWED).toContain(keyword);
    expect(['object', 'array', 'string', 'integer']).toContain(schema.type);
    expect(schema.properties !== undefined && schema.additionalProperties !== undefined).toBe(false);
    expect(schema.items !== undefined).toBe(schema.type === 'array');
    for (const name of schema.required ?? []) expect(Object.keys(schema.properties ?? {})).toContain(name);
    for (const key of (schema['x-kubernetes-list-map-keys'] ?? []) as string[]) {
      expect(schema.items?.required).toContain(key);
    }
  });

  it.each([...schemasOf(specSchema())].filter(([, { type }]) => type !== 'object' && type !== 'integer'))(
    'bounds %s',
    (_, schema) => {
      expect(schema['maxItems'] ?? schema['maxLength'] ?? schema['enum']).toBeDefined();
    },
  );

  it('names in its CEL rules only fields that are there, as CEL must have them written', () => {
    // CEL refuses its reserved words as field names; Kubernetes escapes them (`__namespace__`).
    const reserved = [
      'namespace',
      'package',
      'import',
      'function',
      'const',
      'in',
      'as',
      'if',
      'for',
      'return',
    ];
    const written = (name: string) => (reserved.includes(name) ? `__${name}__` : name);
    let found = 0;
    for (const [, schema] of schemasOf(specSchema())) {
      for (const { rule } of (schema['x-kubernetes-validations'] ?? []) as { rule: string }[]) {
        const fields = Object.keys(schema.properties ?? {}).map(written);
        for (const [, name] of rule.matchAll(/self\.(\w+)/g)) expect(fields).toContain(name);
        found++;
      }
    }
    expect(found).toBe(2);
  });

  it('is the schema of the only version, with status as a subresource', () => {
    expect(apiPolicyCrd()).toMatchObject({
      metadata: { name: 'apipolicies.eastwall.dev' },
      spec: {
        scope: 'Namespaced',
        versions: [
          {
            name: 'v1alpha1',
            served: true,
            storage: true,
            subresources: { status: {} },
            additionalPrinterColumns: [{ name: 'Mode' }, { name: 'Accepted' }, { name: 'Age' }],
            schema: { openAPIV3Schema: { properties: { spec: specSchema() } } },
          },
        ],
      },
    });
  });
});

describe('the pattern of paths', () => {
  const pattern = new RegExp(TEMPLATE_PATTERN);
  const part = fc.constantFrom(
    '/',
    '/',
    'a',
    '.',
    '..',
    '{x}',
    '{y:int}',
    '{z:no}',
    '**',
    '*',
    '%41',
    '%5B',
    ';',
    '//',
    ' ',
    '{',
    ':',
  );

  it('takes every template that the parser takes', () => {
    fc.assert(
      fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
        const source = `/${parts.join('')}`;
        if (parseTemplate(source).ok) expect(source).toMatch(pattern);
      }),
      runs(5_000),
    );
  });

  it.each([
    '',
    'a',
    '//',
    '/a//b',
    '/a/*',
    '/**/a',
    '/.',
    '/a/..',
    '/a/../b',
    '/x{id}',
    '/{id:number}',
    '/a;b',
    '/a b',
    '/%zz',
  ])('refuses %j by itself', (source) => expect(source).not.toMatch(pattern));
});
