import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runs } from '../../testing/runs.ts';
import { parseTemplate } from '../path/template.ts';
import { apiPolicySpec } from './api-policy.ts';
import { apiPolicyCrd, egressPolicyCrd, guardProfileCrd } from './crd.ts';
import { egressPolicySpec } from './egress-policy.ts';
import { guardProfileSpec } from './guard-profile.ts';
import { parseEgressPolicy } from './parse.ts';
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

const API_SPEC = specSchema(apiPolicySpec);
const EGRESS_SPEC = specSchema(egressPolicySpec);
const SCHEMAS = [
  ...schemasOf(API_SPEC),
  ...schemasOf(EGRESS_SPEC, 'egress'),
  ...schemasOf(specSchema(guardProfileSpec), 'profile'),
];

const UNBOUNDED = ['object', 'integer', 'boolean'];

describe('the schema in the CRD', () => {
  it.each(SCHEMAS)('is structural at %s', (_, schema) => {
    for (const keyword of Object.keys(schema)) expect(ALLOWED).toContain(keyword);
    expect(['object', 'array', 'string', 'integer', 'boolean']).toContain(schema.type);
    expect(schema.properties !== undefined && schema.additionalProperties !== undefined).toBe(false);
    expect(schema.items !== undefined).toBe(schema.type === 'array');
    for (const name of schema.required ?? []) expect(Object.keys(schema.properties ?? {})).toContain(name);
    for (const key of (schema['x-kubernetes-list-map-keys'] ?? []) as string[]) {
      expect(schema.items?.required).toContain(key);
    }
  });

  it.each(SCHEMAS.filter(([, { type }]) => !UNBOUNDED.includes(type)))('bounds %s', (_, schema) => {
    expect(schema['maxItems'] ?? schema['maxLength'] ?? schema['enum']).toBeDefined();
  });

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
    for (const [, schema] of SCHEMAS) {
      for (const { rule } of (schema['x-kubernetes-validations'] ?? []) as { rule: string }[]) {
        const fields = Object.keys(schema.properties ?? {}).map(written);
        for (const [, name] of rule.matchAll(/self\.(\w+)/g)) expect(fields).toContain(name);
        found++;
      }
    }
    expect(found).toBe(12);
  });

  it.each([
    ['apipolicies', apiPolicyCrd(), { scope: 'Namespaced', column: 'Mode', spec: API_SPEC }],
    ['egresspolicies', egressPolicyCrd(), { scope: 'Namespaced', column: 'Mode', spec: EGRESS_SPEC }],
    [
      'guardprofiles',
      guardProfileCrd(),
      { scope: 'Cluster', column: 'Budget', spec: specSchema(guardProfileSpec) },
    ],
  ])(
    'is the schema of the only version of %s, with status as a subresource',
    (plural, crd, { scope, column, spec }) => {
      expect(crd).toMatchObject({
        metadata: { name: `${plural}.eastwall.dev` },
        spec: {
          scope,
          names: { plural },
          versions: [
            {
              name: 'v1alpha1',
              served: true,
              storage: true,
              subresources: { status: {} },
              additionalPrinterColumns: [{ name: column }, { name: 'Accepted' }, { name: 'Age' }],
              schema: { openAPIV3Schema: { properties: { spec } } },
            },
          ],
        },
      });
    },
  );
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

describe('the patterns of hosts and networks', () => {
  const patternOf = (field: string) => {
    const rule = EGRESS_SPEC.properties?.['rules']?.items?.properties?.['to']?.items?.properties?.[field];
    return new RegExp(String(rule?.items?.['pattern']));
  };
  const accepted = (selector: object) =>
    parseEgressPolicy({
      apiVersion: 'eastwall.dev/v1alpha1',
      kind: 'EgressPolicy',
      metadata: { name: 'p', namespace: 'n' },
      spec: { mode: 'Audit', rules: [{ name: 'r', action: 'Deny', to: [selector] }] },
    }).ok;

  it('take every host that the parser takes', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'B', '7', '.', '*', '-', '_', '*.'), maxLength: 12 });
    fc.assert(
      fc.property(text, (host) => {
        if (accepted({ hosts: [host] })) expect(host).toMatch(patternOf('hosts'));
      }),
      runs(2_000),
    );
  });

  it('take every network that the parser takes', () => {
    const network = fc.tuple(fc.oneof(fc.ipV4(), fc.ipV6()), fc.integer({ min: 0, max: 130 }));
    fc.assert(
      fc.property(network, ([ip, prefix]) => {
        for (const text of [`${ip}/${prefix}`, `${ip}/${ip.includes(':') ? 128 : 32}`])
          if (accepted({ cidrs: [text] })) expect(text).toMatch(patternOf('cidrs'));
      }),
      runs(2_000),
    );
  });

  it.each(['Example.com', '*', 'a..b', 'a.', '-a', 'https://a', 'a:80'])(
    'refuse the host %j by themselves',
    (host) => expect(host).not.toMatch(patternOf('hosts')),
  );

  it.each(['10.0.0.0', 'example.com/8', '10.0.0/8', '::1'])(
    'refuse the network %j by themselves',
    (network) => expect(network).not.toMatch(patternOf('cidrs')),
  );
});
