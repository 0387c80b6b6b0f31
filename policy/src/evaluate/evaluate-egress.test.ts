import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { destination, egressPolicy, outside, policy, workload } from '../../testing/builders.ts';
import { egressFacts, egressPolicies } from '../../testing/egress-arbitraries.ts';
import { referenceEvaluateEgress } from '../../testing/reference-egress.ts';
import { runs } from '../../testing/runs.ts';
import { EgressSet } from '../compile/egress-set.ts';
import { PolicySet } from '../compile/policy-set.ts';
import type { EgressPolicy } from '../model/egress-policy.ts';
import { policyId } from '../model/policy-id.ts';
import { evaluateEgress, scopeOf } from './evaluate.ts';

const connections = fc.array(egressFacts, { minLength: 1, maxLength: 12 });

describe('evaluateEgress', () => {
  it('agrees with the reference on random policies and connections', () => {
    fc.assert(
      fc.property(egressPolicies, connections, (policies, asked) => {
        const set = EgressSet.empty().with({ upsert: policies });
        for (const facts of asked)
          expect(evaluateEgress(set, facts)).toEqual(referenceEvaluateEgress(policies, facts));
      }),
      runs(1_500),
    );
  });

  it('agrees with the reference after any sequence of changes, with a cache too small for anything', () => {
    const step = fc.record({
      upsert: egressPolicies,
      remove: fc.subarray(['shop/a', 'shop/b', 'ops/a', 'ops/c']),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 6 }), connections, (steps, asked) => {
        let set = EgressSet.empty({ maxPairs: 2, maxRules: 4 });
        const expected = new Map<string, EgressPolicy>();
        for (const { upsert, remove } of steps) {
          set = set.with({ upsert, remove });
          for (const id of remove) expected.delete(id);
          for (const changed of upsert) expected.set(policyId(changed), changed);
          for (const facts of asked)
            expect(evaluateEgress(set, facts)).toEqual(
              referenceEvaluateEgress([...expected.values()], facts),
            );
        }
        expect(set.size).toBe(expected.size);
      }),
      runs(200),
    );
  });

  it('refuses at connect only what it denies whatever the caller says', () => {
    let refused = 0;
    fc.assert(
      fc.property(egressPolicies, egressFacts, connections, (policies, { caller, destination }, asked) => {
        const { atConnect } = EgressSet.empty().with({ upsert: policies }).scope(caller, destination);
        if (atConnect === null) return;
        refused++;
        expect(atConnect.verdict).toBe('deny');
        for (const said of asked)
          expect(referenceEvaluateEgress(policies, { ...said, caller, destination }).verdict).toBe('deny');
      }),
      runs(1_000),
    );
    expect(refused).toBeGreaterThan(0);
  });

  it('meets every verdict and reason on random input, or the properties above would prove little', () => {
    const met = new Set<string>();
    const sampled = fc.sample(fc.tuple(egressPolicies, egressFacts), { numRuns: 5_000, seed: 1 });
    for (const [policies, facts] of sampled) {
      const { verdict, reason } = evaluateEgress(EgressSet.empty().with({ upsert: policies }), facts);
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
});

describe('what can not be read', () => {
  const modes = [
    ['Enforce', 'deny'],
    ['Audit', 'would-deny'],
  ] as const;

  it.each(modes)('is refused or reported by a policy in mode %s', (mode, verdict) => {
    const unreadable = { verdict, reason: 'unreadable_protocol', rule: null };
    const egress = EgressSet.empty().with({ upsert: [egressPolicy({ name: 'out', mode })] });
    expect(egress.scope(workload(), outside()).unreadable).toEqual({ ...unreadable, policy: 'shop/out' });
    const api = PolicySet.empty().with({ upsert: [policy({ name: 'in', mode })] });
    const scope = scopeOf({ api, egress }, workload(), {
      ...outside(),
      services: [{ namespace: 'shop', service: 'orders', port: 443 }],
    });
    expect(scope.unread('orders.shop')).toEqual({ ...unreadable, policy: 'shop/in' });
    expect(scope.unreadable).toBe(scope.unread(''));
    expect(scope.readableOnly).toBe(mode === 'Enforce');
    expect(scope.atConnect).toBeNull();
  });

  it('passes through a tunnel to a host that it may be opened to, outside of the cluster only', () => {
    const rules = [
      { name: 'proxy', action: 'Allow', to: [{ hosts: ['a.test'], methods: ['CONNECT'] }] },
    ] as const;
    const egress = EgressSet.empty().with({ upsert: [egressPolicy({ name: 'out', rules })] });
    const scope = egress.scope(workload(), outside());
    expect([scope.tunnel('a.test:443').verdict, scope.tunnel('b.test:443').verdict]).toEqual([
      'allow',
      'deny',
    ]);
    const api = PolicySet.empty().with({ upsert: [policy({ name: 'in' })] });
    expect(api.scope(workload(), destination()).tunnel('a.test:443').reason).toBe('unreadable_protocol');
  });

  it('passes where nothing governs', () => {
    const inForce = { api: PolicySet.empty(), egress: EgressSet.empty() };
    const scope = scopeOf(inForce, workload(), outside());
    expect(scope).toMatchObject({ governed: 'no', readableOnly: false, atConnect: null });
    expect(scope.unreadable.verdict).toBe('allow');
    expect(scope.unread('a.test').verdict).toBe('allow');
  });
});
