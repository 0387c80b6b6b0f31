import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { apiPolicies, facts } from '../../testing/arbitraries.ts';
import { destination, policy, workload } from '../../testing/builders.ts';
import { referenceEvaluate } from '../../testing/reference-evaluate.ts';
import { runs } from '../../testing/runs.ts';
import { PolicySet } from '../compile/policy-set.ts';
import { policyId } from '../model/policy-id.ts';
import { evaluate } from './evaluate.ts';

const requests = fc.array(facts, { minLength: 1, maxLength: 12 });

describe('evaluate', () => {
  it('agrees with the reference on random policies and requests', () => {
    fc.assert(
      fc.property(apiPolicies, requests, (policies, asked) => {
        const set = PolicySet.empty().with({ upsert: policies });
        for (const request of asked)
          expect(evaluate(set, request)).toEqual(referenceEvaluate(policies, request));
      }),
      runs(1_000),
    );
  });

  it('agrees with the reference after any sequence of changes, with a cache too small for anything', () => {
    const step = fc.record({
      upsert: apiPolicies,
      remove: fc.subarray(['shop/a', 'shop/b', 'ops/a', 'ops/c']),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 6 }), requests, (steps, asked) => {
        let set = PolicySet.empty({ maxPairs: 2, maxRules: 4 });
        const expected = new Map<string, Parameters<typeof referenceEvaluate>[0][number]>();
        for (const { upsert, remove } of steps) {
          set = set.with({ upsert, remove });
          for (const id of remove) expected.delete(id);
          for (const changed of upsert) expected.set(policyId(changed), changed);
          for (const request of asked) {
            expect(evaluate(set, request)).toEqual(referenceEvaluate([...expected.values()], request));
          }
        }
        expect(set.size).toBe(expected.size);
      }),
      runs(200),
    );
  });

  it('reports, of what passes, exactly what enforcing every audited policy would deny', () => {
    fc.assert(
      fc.property(apiPolicies, facts, (policies, request) => {
        const { verdict } = evaluate(PolicySet.empty().with({ upsert: policies }), request);
        fc.pre(verdict !== 'deny');
        const enforced = policies.map((one) =>
          one.mode === 'Audit' ? { ...one, mode: 'Enforce' as const } : one,
        );
        const imagined = evaluate(PolicySet.empty().with({ upsert: enforced }), request).verdict;
        expect(verdict).toBe(imagined === 'deny' ? 'would-deny' : 'allow');
      }),
      runs(1_000),
    );
  });

  it('meets every verdict and reason on random input, or the properties above would prove little', () => {
    const met = new Set<string>();
    for (const [policies, request] of fc.sample(fc.tuple(apiPolicies, facts), { numRuns: 5_000, seed: 1 })) {
      const { verdict, reason } = evaluate(PolicySet.empty().with({ upsert: policies }), request);
      met.add(`${verdict} ${reason}`);
    }
    expect([...met].sort()).toEqual([
      'allow allowed_by_rule',
      'allow ungoverned',
      'deny ambiguous_path',
      'deny denied_by_rule',
      'deny no_rule_allows',
      'would-deny ambiguous_path',
      'would-deny denied_by_rule',
      'would-deny no_rule_allows',
    ]);
  });

  it('gives the same frozen decision again, not a new one', () => {
    const set = PolicySet.empty().with({
      upsert: [policy({ name: 'p', rules: [{ name: 'r', action: 'Allow', to: [{ path: '/a/{id}' }] }] })],
    });
    const scope = set.scope(workload(), destination());
    for (const path of ['/a/1', '/b', '//']) {
      const decision = scope.evaluate('GET', path, '');
      expect(Object.isFrozen(decision)).toBe(true);
      expect(scope.evaluate('POST', path, '')).toBe(decision);
    }
  });
});
