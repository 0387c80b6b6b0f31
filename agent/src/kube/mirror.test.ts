import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Problem } from '../identity/json.ts';
import { err, ok } from '../kernel/result.ts';
import { Mirror } from './mirror.ts';

interface Thing {
  readonly metadata: {
    readonly namespace: string;
    readonly name: string;
    readonly resourceVersion: string;
    readonly uid: string;
  };
  readonly value: string;
}

const thing = (name: string, version: number, value = `v${version}`): Thing => ({
  metadata: { namespace: 'shop', name, resourceVersion: `${version}`, uid: `${name}-${version}` },
  value,
});

function mirror(keyedBy: 'name' | 'uid' = 'name') {
  const told: string[] = [];
  const problems: [string, Problem][] = [];
  const held = new Map<string, string>();
  const made = new Mirror<string>({
    project: (json) => {
      const { value } = json as Thing;
      if (value === 'boom') throw new Error('boom');
      if (value === 'bad') return err({ path: 'value', message: 'is bad' });
      return ok(value === 'useless' ? null : value);
    },
    handlers: {
      upsert: (key, value) => {
        told.push(`+${key}=${value}`);
        held.set(key, value);
      },
      remove: (key) => {
        told.push(`-${key}`);
        held.delete(key);
      },
    },
    keyedBy,
    malformed: (key, problem) => problems.push([key, problem]),
  });
  const list = (...things: unknown[]) => {
    made.beginList();
    for (const one of things) made.put(one);
    made.endList();
  };
  return { made, told, problems, held, list };
}

test('a first list upserts everything', () => {
  const { told, list } = mirror();
  list(thing('a', 1), thing('b', 2));
  expect(told).toEqual(['+shop/a=v1', '+shop/b=v2']);
});

test('a later list tells only the differences', () => {
  const { told, list } = mirror();
  list(thing('a', 1), thing('b', 2), thing('c', 3));
  told.length = 0;
  list(thing('a', 1), thing('c', 4));
  expect(told).toEqual(['+shop/c=v4', '-shop/b']);
});

test('a list that broke off removes nothing', () => {
  const { made, told, list } = mirror();
  list(thing('a', 1), thing('b', 2));
  told.length = 0;
  made.beginList();
  made.put(thing('a', 1));
  made.beginList();
  made.put(thing('a', 1));
  made.put(thing('b', 2));
  made.endList();
  expect(told).toEqual([]);
});

test('by uid, a successor of the same name is another object', () => {
  const { made, told } = mirror('uid');
  made.put(thing('a', 1));
  made.delete(thing('a', 1));
  made.put(thing('a', 7));
  expect(told).toEqual(['+a-1=v1', '-a-1', '+a-7=v7']);
});

describe('an object that can not be used', () => {
  test.each(['bad', 'boom'])('(%s) is reported and its last good version stays', (value) => {
    const { made, told, problems, list } = mirror();
    list(thing('a', 1));
    made.put(thing('a', 2, value));
    expect(told).toEqual(['+shop/a=v1']);
    expect(problems).toHaveLength(1);
    expect(problems[0]?.[0]).toBe('shop/a');
    list(thing('a', 2, value));
    expect(told).toEqual(['+shop/a=v1']);
    made.delete(thing('a', 3));
    expect(told).toEqual(['+shop/a=v1', '-shop/a']);
  });

  test('without a name is reported and changes nothing', () => {
    const { told, problems, list } = mirror();
    list({}, null, thing('a', 1));
    expect(told).toEqual(['+shop/a=v1']);
    expect(problems).toHaveLength(2);
  });

  test('because it has become useless is removed, once', () => {
    const { made, told } = mirror();
    made.put(thing('a', 1));
    made.put(thing('a', 2, 'useless'));
    made.put(thing('a', 3, 'useless'));
    made.delete(thing('a', 4));
    expect(told).toEqual(['+shop/a=v1', '-shop/a']);
  });
});

test('whatever events were missed, a list leaves exactly what is in it', () => {
  const name = fc.constantFrom('a', 'b', 'c', 'd');
  const value = fc.constantFrom('x', 'y', 'useless');
  const objects = fc.uniqueArray(fc.tuple(name, fc.integer({ min: 1, max: 3 }), value), {
    selector: ([at]) => at,
  });
  const events = fc.array(fc.tuple(fc.boolean(), name, fc.integer({ min: 1, max: 3 }), value));
  fc.assert(
    fc.property(events, objects, (history, last) => {
      const { made, held, list } = mirror();
      // One version of one object has one content, as in the API server.
      const at = (from: string, version: number, content: string) =>
        thing(from, version * 10 + content.length, content);
      for (const [put, from, version, content] of history) {
        if (put) made.put(at(from, version, content.repeat(version)));
        else made.delete(at(from, version, content));
      }
      list(...last.map(([from, version, content]) => thing(from, 100 + version, content)));
      const usable = last.filter(([, , content]) => content !== 'useless');
      expect(Object.fromEntries(held)).toEqual(
        Object.fromEntries(usable.map(([from, , content]) => [`shop/${from}`, content])),
      );
      expect(made.size).toBe(usable.length);
    }),
  );
});
