import type { ApiPolicy } from '@eastwall/policy';
import { describe, expect, test } from 'vitest';
import type { Acceptance } from './condition.ts';
import { API_POLICIES, EGRESS_POLICIES, PolicyIntake, pathOf, projectPolicy } from './policies.ts';

const GOOD_SPEC = { mode: 'Enforce', target: {}, rules: [] };
const BAD_SPEC = {
  ...GOOD_SPEC,
  mode: 'enforce',
  rules: [{ name: 'r', action: 'Allow', to: [{ path: 'orders' }] }],
};

const object = (name: string, generation: number, spec: object = GOOD_SPEC, uid = `uid-${name}`) => ({
  apiVersion: 'eastwall.dev/v1alpha1',
  kind: 'ApiPolicy',
  metadata: { namespace: 'shop', name, uid, generation, resourceVersion: `${generation}0` },
  spec,
  status: { conditions: [{ type: 'Other' }, 'junk'] },
});

/** `namespace/name` out of the path of a status. */
const nameIn = (path: string): string =>
  path.replace(/^.*\/namespaces\/([^/]+)\/apipolicies\/([^/]+)\/status$/, '$1/$2');

function intake(maxPolicies = 10) {
  const told: string[] = [];
  const wishes = new Map<string, Acceptance>();
  const made = new PolicyIntake<ApiPolicy>({
    names: API_POLICIES.names,
    into: {
      upsert: (key, value) => told.push(`+${key}@${value.generation}`),
      remove: (key) => told.push(`-${key}`),
    },
    status: {
      want: ({ path }, acceptance) => wishes.set(nameIn(path), acceptance),
      forget: (path) => wishes.delete(nameIn(path)),
    },
    maxPolicies,
  });
  const put = (json: unknown) => {
    const projected = projectPolicy(API_POLICIES, json);
    if (!projected.ok || projected.value === null) throw new Error('not a policy object');
    made.upsert(projected.value);
  };
  return { made, told, wishes, put };
}

test('an object is read with what its status needs', () => {
  expect(projectPolicy(API_POLICIES, object('a', 3))).toEqual({
    ok: true,
    value: {
      key: 'shop/a',
      path: '/apis/eastwall.dev/v1alpha1/namespaces/shop/apipolicies/a/status',
      uid: 'uid-a',
      generation: 3,
      resourceVersion: '30',
      conditions: [{ type: 'Other' }],
      parsed: { ok: true, value: { namespace: 'shop', name: 'a', generation: 3, ...GOOD_SPEC } },
      caveat: '',
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

test('what a good policy does not hold is in its status', () => {
  const { wishes, put } = intake();
  const limits = [{ key: 'Workload', concurrency: 5 }];
  put(object('a', 1, { ...GOOD_SPEC, rules: [{ name: 'r', action: 'Allow', limits }] }));
  expect(wishes.get('shop/a')).toMatchObject({
    accepted: true,
    message: expect.stringMatching(
      /^the policy is valid; concurrency is counted by each dataplane process.*`r`$/,
    ),
  });
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
  put(object('a', 1, GOOD_SPEC, 'uid-2'));
  expect(told).toHaveLength(2);
});

test('an invalid successor of the same name ends the one before it, which somebody has deleted', () => {
  const { made, told, put } = intake();
  put(object('a', 1));
  put(object('a', 2, BAD_SPEC));
  expect(told).toEqual(['+shop/a@1']);
  put(object('a', 1, BAD_SPEC, 'uid-2'));
  expect(told).toEqual(['+shop/a@1', '-shop/a']);
  expect(made.refused()).toMatchObject([{ policy: 'shop/a', inForce: null }]);
});

describe('a bad policy', () => {
  test('is refused with its problems', () => {
    const { told, wishes, put, made } = intake();
    put(object('a', 1, BAD_SPEC));
    expect(told).toEqual([]);
    const acceptance = wishes.get('shop/a');
    expect(acceptance).toMatchObject({ accepted: false, reason: 'Invalid' });
    const message = acceptance?.message;
    expect(message).toMatch(
      /^spec\.mode: .*`enforce` \(did you mean `Enforce`\?\); spec\.rules\[0\]\.to\[0\]\.path: /,
    );
    expect(made.refused()).toEqual([
      { kind: 'ApiPolicy', policy: 'shop/a', generation: 1, message, inForce: null },
    ]);
  });

  test('leaves its last good version and all others in force', () => {
    const { told, put, made } = intake();
    put(object('a', 1));
    put(object('b', 1));
    put(object('a', 2, BAD_SPEC));
    put(object('b', 2));
    expect(told).toEqual(['+shop/a@1', '+shop/b@1', '+shop/b@2']);
    expect(made.refused()).toMatchObject([{ policy: 'shop/a', generation: 2, inForce: 1 }]);
  });

  test('that is mended comes into force', () => {
    const { told, put, made } = intake();
    put(object('a', 1, BAD_SPEC));
    put(object('a', 2));
    expect(told).toEqual(['+shop/a@2']);
    expect(made.refused()).toEqual([]);
  });

  test('tells a bounded number of problems', () => {
    const { wishes, put } = intake();
    const unknown = Object.fromEntries(Array.from({ length: 25 }, (_, index) => [`field${index}`, 1]));
    put(object('a', 1, { ...GOOD_SPEC, ...unknown }));
    expect(wishes.get('shop/a')?.message).toMatch(/; and 15 more$/);
    put(object('b', 1, { ...GOOD_SPEC, ['x'.repeat(100_000)]: 1 }));
    expect(wishes.get('shop/b')?.message.length).toBeLessThan(5_000);
  });
});

test('a policy that is gone is out of force', () => {
  const { told, wishes, put, made } = intake();
  put(object('a', 1));
  put(object('b', 1, BAD_SPEC));
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

test('an EgressPolicy is read by its own schema, and has a path of its own', () => {
  const spec = { mode: 'Enforce', rules: [] };
  const written = { ...object('out', 2, spec), kind: 'EgressPolicy' };
  expect(pathOf(EGRESS_POLICIES.names)).toBe('/apis/eastwall.dev/v1alpha1/egresspolicies');
  expect(projectPolicy(EGRESS_POLICIES, written)).toMatchObject({
    value: {
      key: 'shop/out',
      path: '/apis/eastwall.dev/v1alpha1/namespaces/shop/egresspolicies/out/status',
      parsed: { ok: true, value: { namespace: 'shop', name: 'out', generation: 2, ...spec } },
    },
  });
  expect(projectPolicy(API_POLICIES, written)).toMatchObject({ ok: true, value: { parsed: { ok: false } } });
});
