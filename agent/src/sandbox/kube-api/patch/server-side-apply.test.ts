import { describe, expect, it } from 'vitest';
import type { ObjectInput } from '../object.ts';
import type { Schema } from '../schema/schema.ts';
import { fieldsOf, fromFieldsV1, toFieldsV1 } from './field-set.ts';
import { serverSideApply } from './server-side-apply.ts';

const SCHEMA: Schema = {
  type: 'object',
  properties: {
    metadata: {
      type: 'object',
      properties: { labels: { type: 'object', additionalProperties: { type: 'string' } } },
    },
    spec: {
      type: 'object',
      properties: {
        mode: { type: 'string' },
        args: { type: 'array', items: { type: 'string' } },
        tags: { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'string' } },
        rules: {
          type: 'array',
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['name'],
          items: { type: 'object', properties: { name: { type: 'string' }, action: { type: 'string' } } },
        },
      },
    },
  },
};

const thing = (spec: object, labels?: Record<string, string>): ObjectInput => ({
  apiVersion: 'v1',
  kind: 'Thing',
  metadata: { name: 'x', ...(labels === undefined ? {} : { labels }) },
  spec,
});

interface Step {
  readonly by: string;
  readonly object: ObjectInput;
  readonly force?: boolean;
}

/** Applies one after the other; the last one's outcome. */
function applyAll(...steps: readonly Step[]) {
  let current: ObjectInput | undefined;
  let message: string | undefined;
  for (const { by, object, force = false } of steps) {
    const applier = { manager: by, subresource: undefined, force, time: '2026-01-01T00:00:00Z' };
    const result = serverSideApply(SCHEMA, { current, applied: object }, applier);
    if (result.ok) current = result.value;
    message = result.ok ? undefined : result.error.message;
  }
  return {
    spec: current?.['spec'],
    labels: current?.metadata.labels,
    managed: current?.metadata.managedFields,
    message,
  };
}

describe('serverSideApply', () => {
  it('merges maps, keyed lists and sets of several appliers, and replaces other lists', () => {
    const merged = applyAll(
      {
        by: 'a',
        object: thing(
          { tags: ['x'], args: ['1', '2'], rules: [{ name: 'one', action: 'Allow' }] },
          { a: '1' },
        ),
      },
      { by: 'b', object: thing({ mode: 'Audit', tags: ['y'], rules: [{ name: 'two' }] }, { b: '1' }) },
      {
        by: 'a',
        object: thing({ tags: ['x'], args: ['3'], rules: [{ name: 'one', action: 'Deny' }] }, { a: '1' }),
      },
    );
    expect(merged).toMatchObject({
      spec: {
        mode: 'Audit',
        tags: ['x', 'y'],
        args: ['3'],
        rules: [{ name: 'one', action: 'Deny' }, { name: 'two' }],
      },
      labels: { a: '1', b: '1' },
    });
  });

  it('takes away what a manager says no more, unless somebody else does', () => {
    const both = {
      mode: 'Audit',
      tags: ['x', 'y'],
      rules: [
        { name: 'one', action: 'Allow' },
        { name: 'two', action: 'Deny' },
      ],
    };
    const merged = applyAll(
      { by: 'a', object: thing(both, { gone: '1' }) },
      { by: 'b', object: thing({ tags: ['y'], rules: [{ name: 'two' }] }) },
      { by: 'a', object: thing({}) },
    );
    expect(merged.spec).toEqual({ tags: ['y'], rules: [{ name: 'two' }] });
    expect(merged.labels).toBeUndefined();
  });

  it('refuses another value for what somebody else has applied, until it is forced', () => {
    const first = { by: 'a', object: thing({ mode: 'Audit', rules: [{ name: 'one', action: 'Allow' }] }) };
    const second = { by: 'b', object: thing({ mode: 'Enforce', rules: [{ name: 'one', action: 'Deny' }] }) };
    expect(applyAll(first, second).message).toBe(
      'Apply failed with 2 conflicts: conflict with "a": .spec.mode, conflict with "a": .spec.rules[name="one"].action',
    );
    expect(applyAll(first, { by: 'b', object: first.object }).message).toBeUndefined();
    const forced = applyAll(first, { ...second, force: true }, { by: 'a', object: thing({}) });
    expect(forced.spec).toEqual({ mode: 'Enforce', rules: [{ name: 'one', action: 'Deny' }] });
    expect(forced.managed).toHaveLength(2);
  });

  it('changes nothing when the same is applied twice', () => {
    const step = { by: 'a', object: thing({ mode: 'Audit', tags: ['x'] }, { a: '1' }) };
    expect(applyAll(step, step)).toEqual(applyAll(step));
  });
});

describe('field sets', () => {
  it('are written as managedFields are, and read back', () => {
    const fields = fieldsOf(SCHEMA, {
      spec: { mode: 'a', tags: ['x'], args: [1], rules: [{ name: 'one', action: 'Deny' }] },
    });
    const nested = toFieldsV1(fields);
    expect(nested).toEqual({
      'f:spec': {
        'f:mode': {},
        'f:tags': { 'v:"x"': {} },
        'f:args': {},
        'f:rules': { 'k:{"name":"one"}': { '.': {}, 'f:name': {}, 'f:action': {} } },
      },
    });
    expect(fromFieldsV1(nested)).toEqual(fields);
  });
});
