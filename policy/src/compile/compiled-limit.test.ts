import { expect, it } from 'vitest';
import { destination, egressPolicy, outside, policy, workload } from '../../testing/builders.ts';
import type { Mode } from '../model/policy.ts';
import { EgressSet } from './egress-set.ts';
import { PolicySet } from './policy-set.ts';

const decide = (mode: Mode, limits: object = { key: 'Pod', rate: '100/s' }) =>
  PolicySet.empty()
    .with({
      upsert: [
        policy({ name: 'a', mode, rules: [{ name: 'r', action: 'Allow', limits: [limits as never] }] }),
      ],
    })
    .scope(workload(), destination())
    .evaluate('GET', '/', '');

it('what a rule allows comes with its limits, and with what they say when they are met', () => {
  const decision = decide('Enforce');
  expect(decision).toMatchObject({ verdict: 'allow', reason: 'allowed_by_rule', rule: 'r' });
  expect(decision.limits).toEqual([
    {
      id: 'api:shop/a:r/0',
      name: 'r',
      key: 'Pod',
      perOperation: false,
      rate: { tokens: 100, windowUs: 1_000_000, burst: 100 },
      cost: 1,
      concurrency: 0,
      onStoreFailure: 'LocalShare',
      refusals: {
        rate_limited: { verdict: 'deny', reason: 'rate_limited', policy: 'shop/a', rule: 'r' },
        concurrency_limited: { verdict: 'deny', reason: 'concurrency_limited', policy: 'shop/a', rule: 'r' },
        limits_unavailable: { verdict: 'deny', reason: 'limits_unavailable', policy: 'shop/a', rule: 'r' },
      },
    },
  ]);
  expect(Object.isFrozen(decision)).toBe(true);
});

it('limits of Audit policies only report', () => {
  expect(decide('Audit').limits?.[0]?.refusals.rate_limited.verdict).toBe('would-deny');
});

it('limits of one name share their buckets, and no others do', () => {
  const shared = { name: 'budget', key: 'All', rate: '5/m' };
  expect(decide('Enforce', shared).limits?.[0]).toMatchObject({ id: 'api:shop/a:budget', name: 'budget' });
});

it('of several rules that allow, the limits of the first count', () => {
  const rule = { name: 'r', action: 'Allow' as const };
  const set = PolicySet.empty().with({
    upsert: [
      policy({ name: 'b', rules: [{ ...rule, limits: [{ key: 'All', rate: '1/s' }] }] }),
      policy({ name: 'a', rules: [rule] }),
    ],
  });
  expect(set.scope(workload(), destination()).evaluate('GET', '/', '')).toEqual({
    verdict: 'allow',
    reason: 'allowed_by_rule',
    policy: 'shop/a',
    rule: 'r',
  });
});

it('egress rules have limits too, apart from those of an ApiPolicy of the same name', () => {
  const set = EgressSet.empty().with({
    upsert: [
      egressPolicy({
        name: 'a',
        rules: [{ name: 'r', action: 'Allow', limits: [{ key: 'Pod', concurrency: 3 }] }],
      }),
    ],
  });
  expect(set.scope(workload(), outside()).unread('').limits?.[0]).toMatchObject({
    id: 'egress:shop/a:r/0',
    rate: null,
    concurrency: 3,
  });
});
