import { describe, expect, it } from 'vitest';
import { builtinSchema } from '../schema/builtin.ts';
import { mergePatch } from './json-merge.ts';
import { jsonPatch } from './json-patch.ts';
import { strategicMerge } from './strategic-merge.ts';

describe('mergePatch', () => {
  // The examples of RFC 7386, appendix A.
  it.each([
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ])('%j + %j', (target, patch, merged) => {
    expect(mergePatch(target, patch)).toEqual(merged);
  });
});

describe('jsonPatch', () => {
  it('adds, replaces, removes, moves, copies and tests', () => {
    const patched = jsonPatch({ a: 1, list: ['x', 'z'], 'k/e~y': 1 }, [
      { op: 'test', path: '/a', value: 1 },
      { op: 'replace', path: '/a', value: 2 },
      { op: 'add', path: '/list/1', value: 'y' },
      { op: 'add', path: '/list/-', value: 'end' },
      { op: 'remove', path: '/k~1e~0y' },
      { op: 'copy', from: '/a', path: '/b' },
      { op: 'move', from: '/list/0', path: '/first' },
    ]);
    expect(patched).toEqual({ ok: true, value: { a: 2, list: ['y', 'z', 'end'], b: 2, first: 'x' } });
  });

  it.each([
    [[{ op: 'test', path: '/a', value: 2 }]],
    [[{ op: 'replace', path: '/none', value: 2 }]],
    [[{ op: 'remove', path: '/list/5' }]],
    [[{ op: 'add', path: '/list/5', value: 1 }]],
    [[{ op: 'sing', path: '/a' }]],
    [[{ op: 'copy', path: '/a' }]],
    [{ a: 1 }],
  ])('refuses %j', (operations) => {
    expect(jsonPatch({ a: 1, list: [] }, operations).ok).toBe(false);
  });
});

describe('strategicMerge', () => {
  const merge = (target: unknown, patch: unknown) => strategicMerge(builtinSchema('Pod'), target, patch);
  const pod = {
    spec: {
      nodeName: 'a',
      containers: [
        { name: 'main', image: 'one', env: [{ name: 'A', value: '1' }], args: ['x', 'y'] },
        { name: 'side', image: 'two' },
      ],
    },
  };

  it('merges containers and their env by name, and replaces lists without a merge key', () => {
    const patch = {
      spec: { containers: [{ name: 'main', env: [{ name: 'B', value: '2' }], args: ['z'] }] },
    };
    expect(merge(pod, patch)).toEqual({
      spec: {
        nodeName: 'a',
        containers: [
          {
            name: 'main',
            image: 'one',
            env: [
              { name: 'A', value: '1' },
              { name: 'B', value: '2' },
            ],
            args: ['z'],
          },
          { name: 'side', image: 'two' },
        ],
      },
    });
  });

  it('removes what the patch says is null', () => {
    expect(merge({ spec: { nodeName: 'a', hostname: 'b' } }, { spec: { nodeName: null } })).toEqual({
      spec: { hostname: 'b' },
    });
  });

  it('deletes, replaces and orders items', () => {
    const containers = (patch: unknown) => {
      const merged = merge(pod, { spec: patch }) as { spec: { containers: { name: string }[] } };
      return merged.spec.containers.map((container) => container.name);
    };
    expect(containers({ containers: [{ name: 'main', $patch: 'delete' }] })).toEqual(['side']);
    expect(containers({ containers: [{ name: 'new', image: 'x' }, { $patch: 'replace' }] })).toEqual(['new']);
    expect(
      containers({
        '$setElementOrder/containers': [{ name: 'new' }, { name: 'side' }, { name: 'main' }],
        containers: [{ name: 'new', image: 'x' }],
      }),
    ).toEqual(['new', 'side', 'main']);
  });

  it('keeps only the retained keys of a union', () => {
    const schema = builtinSchema('Deployment');
    const target = { spec: { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } } } };
    const patch = { spec: { strategy: { $retainKeys: ['type'], type: 'Recreate' } } };
    expect(strategicMerge(schema, target, patch)).toEqual({ spec: { strategy: { type: 'Recreate' } } });
  });

  it('removes from and adds to sets of scalars', () => {
    const target = { metadata: { finalizers: ['a', 'b'] } };
    const patch = { metadata: { '$deleteFromPrimitiveList/finalizers': ['a'], finalizers: ['c'] } };
    expect(merge(target, patch)).toEqual({ metadata: { finalizers: ['b', 'c'] } });
  });
});
