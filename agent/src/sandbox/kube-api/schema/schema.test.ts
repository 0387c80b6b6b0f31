import { describe, expect, it } from 'vitest';
import { builtinSchema } from './builtin.ts';
import { withDefaults } from './defaults.ts';
import { pruneObject } from './prune.ts';
import type { Schema } from './schema.ts';
import { validate } from './validate.ts';

const problems = (schema: Schema, value: unknown) =>
  validate(schema, value, 'spec').map((cause) => `${cause.field}: ${cause.message}`);

describe('validate', () => {
  it.each<[string, Schema, unknown]>([
    ['type', { type: 'string' }, 'x'],
    ['integer as number', { type: 'number' }, 1],
    ['nullable', { type: 'string', nullable: true }, null],
    ['int or string, int', { 'x-kubernetes-int-or-string': true }, 80],
    ['int or string, string', { 'x-kubernetes-int-or-string': true }, 'http'],
    ['enum', { type: 'string', enum: ['a', 'b'] }, 'b'],
    ['pattern', { type: 'string', pattern: '^a+$' }, 'aaa'],
    ['length in characters, not code units', { type: 'string', maxLength: 1 }, '😀'],
    ['bounds', { type: 'integer', minimum: 1, maximum: 3 }, 3],
    ['format', { type: 'string', format: 'date-time' }, '2026-01-02T03:04:05Z'],
    ['unknown format', { type: 'string', format: 'moon-phase' }, 'full'],
    ['cidr', { type: 'string', format: 'cidr' }, '10.0.0.0/8'],
    ['anything', { 'x-kubernetes-preserve-unknown-fields': true }, [{ a: null }]],
    ['any of', { anyOf: [{ type: 'string' }, { type: 'integer' }] }, 1],
    ['not', { not: { enum: ['a'] } }, 'b'],
    ['undefined is absent', { type: 'object', properties: { a: { type: 'string' } } }, { a: undefined }],
  ])('accepts %s', (_, schema, value) => {
    expect(problems(schema, value)).toEqual([]);
  });

  it.each<[Schema, unknown, string]>([
    [
      { type: 'integer' },
      '1',
      'spec: Invalid value: "string": spec in body must be of type integer: "string"',
    ],
    [
      { type: 'integer' },
      1.5,
      'spec: Invalid value: "number": spec in body must be of type integer: "number"',
    ],
    [{ type: 'string' }, null, 'spec: Invalid value: "null": spec in body must be of type string: "null"'],
    [{ enum: ['a', 'b'] }, 'c', 'spec: Unsupported value: "c": supported values: "a", "b"'],
    [{ type: 'string', pattern: '^a$' }, 'b', `spec: Invalid value: "b": spec in body should match '^a$'`],
    [
      { type: 'string', minLength: 2 },
      'b',
      'spec: Invalid value: "b": spec in body should be at least 2 chars long',
    ],
    [{ type: 'string', maxLength: 1 }, 'bb', 'spec: Too long: may not be longer than 1'],
    [
      { type: 'integer', minimum: 1 },
      0,
      'spec: Invalid value: 0: spec in body should be greater than or equal to 1',
    ],
    [
      { type: 'integer', maximum: 1, exclusiveMaximum: true },
      1,
      'spec: Invalid value: 1: spec in body should be less than 1',
    ],
    [{ type: 'integer', multipleOf: 2 }, 3, 'spec: Invalid value: 3: spec in body should be a multiple of 2'],
    [
      { type: 'string', format: 'ipv4' },
      '1.2.3',
      'spec: Invalid value: "1.2.3": spec in body must be of type ipv4: "1.2.3"',
    ],
    [{ type: 'array', minItems: 1 }, [], 'spec: Invalid value: 0: spec in body should have at least 1 items'],
    [{ type: 'array', maxItems: 1 }, [1, 2], 'spec: Too many: 2: must have at most 1 items'],
    [{ type: 'object', required: ['a'] }, {}, 'spec.a: Required value'],
    [{ type: 'object', maxProperties: 1 }, { a: 1, b: 2 }, 'spec: Too many: 2: must have at most 1 items'],
    [
      { type: 'object', additionalProperties: { type: 'string' } },
      { k: 1 },
      'spec.k: Invalid value: "integer": spec.k in body must be of type string: "integer"',
    ],
    [
      { type: 'array', items: { type: 'object', properties: { n: { type: 'integer', minimum: 1 } } } },
      [{ n: 1 }, { n: 0 }],
      'spec[1].n: Invalid value: 0: spec[1].n in body should be greater than or equal to 1',
    ],
    [{ type: 'array', 'x-kubernetes-list-type': 'set' }, ['a', 'b', 'a'], 'spec[2]: Duplicate value: "a"'],
    [
      { type: 'array', 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name', 'port'] },
      [
        { name: 'a', port: 1 },
        { name: 'a', port: 2 },
        { name: 'a', port: 1, other: true },
      ],
      'spec[2]: Duplicate value: {"name":"a","port":1}',
    ],
    [
      { oneOf: [{ required: ['a'] }, { required: ['b'] }] },
      { a: 1, b: 1 },
      'spec: Invalid value: {"a":1,"b":1}: spec in body must validate one and only one schema (oneOf)',
    ],
  ])('refuses what %j says no to', (schema, value, message) => {
    expect(problems(schema, value)).toEqual([message]);
  });

  it('reports everything that is wrong, not just the first thing', () => {
    const schema: Schema = {
      type: 'object',
      required: ['a'],
      properties: { b: { type: 'string' }, c: { type: 'integer' } },
    };
    expect(problems(schema, { b: 1, c: 'x' })).toHaveLength(3);
  });
});

describe('pruneObject', () => {
  const schema: Schema = {
    type: 'object',
    properties: {
      spec: {
        type: 'object',
        properties: {
          known: { type: 'string' },
          items: { type: 'array', items: { type: 'object', properties: { a: {} } } },
          free: {
            type: 'object',
            'x-kubernetes-preserve-unknown-fields': true,
            properties: { x: { type: 'object' } },
          },
          map: { type: 'object', additionalProperties: { type: 'string' } },
          template: { type: 'object', 'x-kubernetes-embedded-resource': true },
        },
      },
    },
  };

  it('keeps what the schema knows and names the rest', () => {
    const object = {
      apiVersion: 'v1',
      kind: 'X',
      metadata: { name: 'x' },
      other: 1,
      spec: {
        known: 'a',
        stray: 1,
        items: [{ a: 1 }, { a: 1, b: 2 }],
        free: { anything: [1], x: { gone: 1 } },
        map: { k: 'v' },
        template: { apiVersion: 'v1', kind: 'Pod', metadata: {}, spec: {} },
      },
    };
    expect(pruneObject(schema, object)).toEqual({
      unknown: ['other', 'spec.stray', 'spec.items[1].b', 'spec.free.x.gone', 'spec.template.spec'],
      value: {
        apiVersion: 'v1',
        kind: 'X',
        metadata: { name: 'x' },
        spec: {
          known: 'a',
          items: [{ a: 1 }, { a: 1 }],
          free: { anything: [1], x: {} },
          map: { k: 'v' },
          template: { apiVersion: 'v1', kind: 'Pod', metadata: {} },
        },
      },
    });
  });
});

describe('withDefaults', () => {
  it('fills what is missing, inside lists and defaults too, but makes no parents appear', () => {
    const schema: Schema = {
      type: 'object',
      properties: {
        mode: { type: 'string', default: 'Audit' },
        nested: { type: 'object', default: {}, properties: { deep: { type: 'integer', default: 7 } } },
        absent: { type: 'object', properties: { deep: { type: 'integer', default: 7 } } },
        rules: { type: 'array', items: { type: 'object', properties: { action: { default: 'Allow' } } } },
      },
    };
    expect(withDefaults(schema, { mode: null, rules: [{}, { action: 'Deny' }] })).toEqual({
      mode: 'Audit',
      nested: { deep: 7 },
      rules: [{ action: 'Allow' }, { action: 'Deny' }],
    });
  });
});

describe('builtinSchema', () => {
  const pod = builtinSchema('Pod');
  const podWith = (container: object, spec: object = {}) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'x' },
    spec: { containers: [{ name: 'main', ...container }], ...spec },
  });

  it('knows the types of the real API', () => {
    const value = podWith({
      ports: [{ containerPort: 80 }],
      readinessProbe: { httpGet: { port: 'http' } },
      resources: { limits: { cpu: 1, memory: '64Mi' } },
    });
    expect(validate(pod, value, '')).toEqual([]);
    expect(pruneObject(pod, value).unknown).toEqual([]);
  });

  it('finds typos, wrong types and what is missing', () => {
    expect(pruneObject(pod, podWith({ imgae: 'x' })).unknown).toEqual(['spec.containers[0].imgae']);
    expect(validate(pod, podWith({ image: 1 }), '').map((cause) => cause.field)).toEqual([
      'spec.containers[0].image',
    ]);
    expect(validate(pod, { spec: {} }, '').map((cause) => cause.field)).toEqual(['spec.containers']);
  });
});
