import { expect, test } from 'vitest';
import { destination, policy, workload } from '../../testing/builders.ts';
import { PolicySet } from '../compile/policy-set.ts';
import { formatProblem, parseApiPolicy } from './parse.ts';

const object = (spec: object) => ({
  apiVersion: 'eastwall.dev/v1alpha1',
  kind: 'ApiPolicy',
  metadata: { name: 'orders', namespace: 'shop' },
  spec: { target: {}, mode: 'Enforce', rules: [], ...spec },
});
const problems = (spec: object): string[] => {
  const parsed = parseApiPolicy(object(spec));
  return parsed.ok ? [] : parsed.error.map(formatProblem);
};

const EXPECTATION = { name: 'nightly', distinctPerRun: 10, schedule: '0 2 * * *', runSeconds: 3_600 };

test('reads how rules guard what they allow, and what batch jobs are expected to do', () => {
  const spec = {
    rules: [{ name: 'r', action: 'Allow', enumeration: { action: 'Throttle', alertBudgetPerWeek: 2 } }],
    expectations: [{ ...EXPECTATION, from: [{ serviceAccount: 'export' }], to: [{ path: '/orders/{id}' }] }],
  };
  expect(parseApiPolicy(object(spec))).toMatchObject({ ok: true, value: spec });
});

test('refuses what can not be meant', () => {
  expect(
    problems({
      rules: [{ name: 'r', action: 'Deny', enumeration: { action: 'Quarantine' } }],
      expectations: [
        { ...EXPECTATION, schedule: 'daily', runSeconds: 1 },
        { ...EXPECTATION, distinctPerRun: 0 },
      ],
    }),
  ).toEqual([
    expect.stringContaining('spec.expectations[0].schedule: a schedule has five fields'),
    'spec.expectations[0].runSeconds: at least 60',
    'spec.expectations[1].distinctPerRun: at least 1',
    expect.stringContaining('spec.expectations[1].name'),
    expect.stringContaining('spec.rules[0].enumeration.action: expected `Disabled`'),
    'spec.rules[0].enumeration: a rule that denies everything has no use for it (put it on Allow rules)',
  ]);
});

test.each([
  ['Enforce', 'Block'],
  ['Audit', 'Log'],
] as const)('in mode %s, a rule with Block has %s done', (mode, action) => {
  const set = PolicySet.empty().with({
    upsert: [
      policy({ name: 'a', mode, rules: [{ name: 'r', action: 'Allow', enumeration: { action: 'Block' } }] }),
    ],
  });
  expect(set.scope(workload(), destination()).evaluate('GET', '/', '').enumeration).toEqual({ action });
});
