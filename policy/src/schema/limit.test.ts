import { describe, expect, expectTypeOf, it } from 'vitest';
import type { z } from 'zod';
import type { EgressRule } from '../model/egress-policy.ts';
import type { Limit } from '../model/limit.ts';
import type { Rule } from '../model/policy.ts';
import type { apiPolicySpec } from './api-policy.ts';
import { formatProblem, parseApiPolicy, parseEgressPolicy } from './parse.ts';

const object = (kind: string, spec: object): object => ({
  apiVersion: 'eastwall.dev/v1alpha1',
  kind,
  metadata: { name: 'p', namespace: 'shop' },
  spec: { mode: 'Enforce', ...spec },
});

const allowing = (...limits: readonly object[]) => ({ name: 'r', action: 'Allow', limits });

function problems(...rules: readonly object[]): string[] {
  const api = parseApiPolicy(object('ApiPolicy', { target: {}, rules }));
  const egress = parseEgressPolicy(object('EgressPolicy', { rules }));
  const found = api.ok ? [] : api.error.map(formatProblem);
  // Both kinds of policies say the same.
  expect(egress.ok ? [] : egress.error.map(formatProblem)).toEqual(found);
  return found.map((problem) => problem.replace('spec.rules[0].limits', 'limits'));
}

const PER_POD = { key: 'Pod', rate: '100/s' };

describe('limits of a rule', () => {
  it('may say everything there is', () => {
    const full: Limit = {
      name: 'reads',
      key: 'Workload',
      perOperation: true,
      rate: '600/m',
      burst: 20,
      cost: 5,
      concurrency: 8,
      onStoreFailure: 'Closed',
    };
    expect(problems(allowing(full, { key: 'All', concurrency: 100 }))).toEqual([]);
  });

  it('are what the model knows (checked by the compiler)', () => {
    type Written = NonNullable<z.output<typeof apiPolicySpec>['rules'][number]['limits']>;
    expectTypeOf<Written[number]>().toExtend<Limit>();
    expectTypeOf<keyof Written[number]>().toEqualTypeOf<keyof Limit>();
    expectTypeOf<Rule['limits']>().toEqualTypeOf<EgressRule['limits']>();
  });

  it.each([
    [{ key: 'Pod' }, ['limits[0]: limits nothing (add `rate` or `concurrency`)']],
    [
      { key: 'pod', concurrency: 1 },
      [
        'limits[0].key: expected `Pod`, `Workload`, `Namespace`, `Principal`, `All`, got `pod` (did you mean `Pod`?)',
      ],
    ],
    [
      { key: 'Pod', rate: '100' },
      ['limits[0].rate: `100` is not a rate (write `100/s`, `600/m` or `5000/h`)'],
    ],
    [
      { key: 'Pod', rate: '0/s' },
      ['limits[0].rate: `0/s` is not a rate (write `100/s`, `600/m` or `5000/h`)'],
    ],
    [
      { key: 'Pod', rate: '1000001/s' },
      ['limits[0].rate: `1000001/s` is not a rate (write `100/s`, `600/m` or `5000/h`)'],
    ],
    [
      { key: 'Pod', concurrency: 1, burst: 2, onStoreFailure: 'Open' },
      [
        'limits[0].burst: means nothing without `rate`',
        'limits[0].onStoreFailure: means nothing without `rate`',
      ],
    ],
    [{ ...PER_POD, burst: 24 }, ['limits[0].burst: at least 25: a quarter of a second of the rate']],
    [{ ...PER_POD, cost: 101 }, ['limits[0].cost: more than the burst of 100: no request could ever pass']],
    [
      { ...PER_POD, burst: 30, cost: 31 },
      ['limits[0].cost: more than the burst of 30: no request could ever pass'],
    ],
  ])('are refused where they could not be kept: %j', (limit, expected) => {
    expect(problems(allowing(limit))).toEqual(expected);
  });

  it('belong to Allow rules', () => {
    expect(problems({ name: 'r', action: 'Deny', limits: [PER_POD] })).toEqual([
      'limits: a rule that denies everything has no use for it (put it on Allow rules)',
    ]);
  });

  it('of one name are one limit, with costs of its own for each rule', () => {
    const shared = { name: 'budget', ...PER_POD };
    const rule = (name: string, limit: object) => ({ name, action: 'Allow', limits: [limit] });
    expect(problems(rule('read', shared), rule('search', { ...shared, cost: 10 }))).toEqual([]);
    expect(problems(rule('read', shared), rule('search', { ...shared, rate: '10/s' }))).toEqual([
      'spec.rules[1].limits[0]: another limit named `budget` differs in more than `cost`',
    ]);
    expect(problems(allowing(shared, shared))).toEqual([
      'limits[1].name: another limit of the rule is also named `budget`',
    ]);
  });

  it('answers for hostile values in bounded time', () => {
    expect(problems(allowing({ key: 'Pod', rate: '1'.repeat(100_000) })).length).toBeGreaterThan(0);
    expect(problems(allowing({ key: 'Pod', rate: '1/s', burst: 1e300 })).length).toBeGreaterThan(0);
  });
});
