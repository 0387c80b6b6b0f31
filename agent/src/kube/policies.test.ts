import type { ApiPolicy } from '@eastwall/policy';
import { describe, expect, test } from 'vitest';
import { err, ok } from '../kernel/result.ts';
import type { Acceptance } from './condition.ts';
import { type ParsePolicy, PolicyIntake, type PolicyProblem, projectPolicy } from './policies.ts';

const policy = (name: string, generation: number): ApiPolicy => ({
  namespace: 'shop',
  name,
  generation,
  mode: 'Enforce',
  target: {},
  rules: [],
});

interface PolicyJson {
  readonly metadata: {
    readonly namespace: string;
    readonly name: string;
    readonly uid: string;
    readonly generation: number;
    readonly resourceVersion: string;
  };
  readonly problems: readonly PolicyProblem[];
}

const parse: ParsePolicy = (json) => {
  const { metadata, problems } = json as PolicyJson;
  return problems.length > 0 ? err(problems) : ok(policy(metadata.name, metadata.generation));
};

const object = (
  name: string,
  generation: number,
  problems: readonly PolicyProblem[] = [],
  uid = `uid-${name}`,
) => ({
  metadata: { namespace: 'shop', name, uid, generation, resourceVersion: `${generation}0` },
  problems,
  status: { conditions: [{ type: 'Other' }, 'junk'] },
});

const badPath: PolicyProblem = {
  path: 'spec.rules[0].to[0].path',
  message: 'must start with `/`',
  hint: 'did you mean `/orders`?',
};

function intake(maxPolicies = 10) {
  const told: string[] = [];
  const wishes = new Map<string, Acceptance>();
  const made = new PolicyIntake({
    into: {
      upsert: (key, value) => told.push(`+${key}@${value.generation}`),
      remove: (key) => told.push(`-${key}`),
    },
    status: {
      want: (target, acceptance) => wishes.set(target.key, acceptance),
      forget: (key) => wishes.delete(key),
    },
    maxPolicies,
  });
  const put = (json: unknown) => {
    const projected = projectPolicy(parse)(json);
    if (!projected.ok || projected.value === null) throw new Error('not a policy object');
    made.upsert(projected.value);
  };
  return { made, told, wishes, put };
}

test('an object is read with what its status needs', () => {
  expect(projectPolicy(parse)(object('a', 3))).toEqual({
    ok: true,
    value: {
      key: 'shop/a',
      path: '/apis/eastwall.dev/v1alpha1/namespaces/shop/apipolicies/a/status',
      uid: 'uid-a',
      generation: 3,
      resourceVersion: '30',
      conditions: [{ type: 'Other' }],
      parsed: { ok: true, value: policy('a', 3) },
    },
  });
});

test('a good policy comes into force and is accepted', () => {
  const { told, wishes, put, made } = intake();
  put(object('a', 1));
  expect(told).toEqual(['+shop/a@1']);
  expect(wishes.get('shop/a')).toMatchObject({ accepted: true, reason: 'Accepted' });
  expect(made.size).toBe(1);
});

test('a new version with the same generation changes nothing', () => {
  const { told, put } = intake();
  put(object('a', 1));
  put(object('a', 1));
  put(object('a', 2));
  expect(told).toEqual(['+shop/a@1', '+shop/a@2']);
});

test('a successor of the same name and generation is another policy', () => {
  const { told, put } = intake();
  put(object('a', 1));
  put(object('a', 1, [], 'uid-2'));
  expect(told).toHaveLength(2);
});

describe('a bad policy', () => {
  test('is refused with its problems', () => {
    const { told, wishes, put, made } = intake();
    put(object('a', 1, [badPath, { path: 'spec.mode', message: 'is missing' }]));
    expect(told).toEqual([]);
    const message =
      'spec.rules[0].to[0].path: must start with `/` (did you mean `/orders`?); spec.mode: is missing';
    expect(wishes.get('shop/a')).toEqual({ accepted: false, reason: 'Invalid', message });
    expect(made.refused()).toEqual([{ policy: 'shop/a', generation: 1, message, inForce: null }]);
  });

  test('leaves its last good version and all others in force', () => {
    const { told, put, made } = intake();
    put(object('a', 1));
    put(object('b', 1));
    put(object('a', 2, [badPath]));
    put(object('b', 2));
    expect(told).toEqual(['+shop/a@1', '+shop/b@1', '+shop/b@2']);
    expect(made.refused()).toMatchObject([{ policy: 'shop/a', generation: 2, inForce: 1 }]);
  });

  test('that is mended comes into force', () => {
    const { told, put, made } = intake();
    put(object('a', 1, [badPath]));
    put(object('a', 2));
    expect(told).toEqual(['+shop/a@2']);
    expect(made.refused()).toEqual([]);
  });

  test('tells a bounded number of problems', () => {
    const { wishes, put } = intake();
    put(
      object(
        'a',
        1,
        Array.from({ length: 25 }, () => badPath),
      ),
    );
    expect(wishes.get('shop/a')?.message).toMatch(/; and 15 more$/);
  });
});

test('a policy that is gone is out of force', () => {
  const { told, wishes, put, made } = intake();
  put(object('a', 1));
  put(object('b', 1, [badPath]));
  made.remove('shop/a');
  made.remove('shop/b');
  expect(told).toEqual(['+shop/a@1', '-shop/a']);
  expect(wishes.size).toBe(0);
  expect(made.refused()).toEqual([]);
});

test('beyond the limit a new policy is refused, and those in force can still change', () => {
  const { told, wishes, put } = intake(1);
  put(object('a', 1));
  put(object('b', 1));
  put(object('a', 2));
  expect(told).toEqual(['+shop/a@1', '+shop/a@2']);
  expect(wishes.get('shop/b')).toMatchObject({ accepted: false, reason: 'TooManyPolicies' });
});
