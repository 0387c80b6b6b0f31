import { describe, expect, it } from 'vitest';
import { destination, policy, workload } from '../../testing/builders.ts';
import type { ApiPolicy } from '../model/policy.ts';
import { PolicySet } from './policy-set.ts';

const orders = destination({ services: [{ namespace: 'shop', service: 'orders', port: 80 }] });
const checkout = workload({ namespace: 'shop', serviceAccount: 'checkout' });
const allowCheckout: ApiPolicy = policy({
  name: 'orders',
  rules: [{ name: 'checkout', action: 'Allow', from: [{ serviceAccount: 'checkout' }] }],
});

describe('PolicySet', () => {
  it('leaves the set as it was and answers from the next one', () => {
    const empty = PolicySet.empty();
    const next = empty.with({ upsert: [allowCheckout] });
    expect(empty.scope(checkout, orders).governed).toBe('no');
    expect(next.scope(checkout, orders).governed).toBe('enforce');
    expect([empty.version, next.version, empty.size, next.size]).toEqual([0, 1, 0, 1]);
    expect(next.scope(checkout, orders).evaluate('GET', '/', '')).toEqual({
      verdict: 'allow',
      reason: 'allowed_by_rule',
      policy: 'shop/orders',
      rule: 'checkout',
    });
  });

  it('replaces a policy of the same name and removes one by id', () => {
    const set = PolicySet.empty().with({ upsert: [allowCheckout] });
    const audited = set.with({ upsert: [{ ...allowCheckout, mode: 'Audit' }] });
    expect(audited.size).toBe(1);
    expect(audited.scope(checkout, orders).governed).toBe('audit');
    const removed = audited.with({ remove: ['shop/orders', 'shop/never-there'] });
    expect(removed.size).toBe(0);
    expect(removed.scope(checkout, orders).governed).toBe('no');
  });

  it('keeps a policy that one change both removes and adds', () => {
    const set = PolicySet.empty().with({ upsert: [allowCheckout], remove: ['shop/orders'] });
    expect(set.size).toBe(1);
  });

  it('gives the same scope for the same pair, and for pairs under the same rules', () => {
    const set = PolicySet.empty().with({ upsert: [allowCheckout] });
    const scope = set.scope(checkout, orders);
    expect(set.scope(checkout, orders)).toBe(scope);
    expect(set.scope({ ...checkout, uid: 'replica-2' }, orders)).toBe(scope);
    expect(set.scope({ ...checkout, uid: 'other', serviceAccount: 'ci' }, orders)).not.toBe(scope);
  });

  it('notices that a pod was relabelled and that a key was reused', () => {
    const byLabel = policy({
      name: 'orders',
      rules: [{ name: 'labelled', action: 'Allow', from: [{ labels: { tier: 'web' } }] }],
    });
    const set = PolicySet.empty().with({ upsert: [byLabel] });
    const web = workload({ namespace: 'shop', labels: { tier: 'web' } });
    expect(set.scope(web, orders).evaluate('GET', '/', '').verdict).toBe('allow');
    expect(set.scope({ ...web, labels: { tier: 'ci' } }, orders).evaluate('GET', '/', '').verdict).toBe(
      'deny',
    );
    const elsewhere = { ...orders, services: [{ namespace: 'other', service: 'orders', port: 80 }] };
    expect(set.scope(web, elsewhere).governed).toBe('no');
  });

  it('answers the same however little it may remember', () => {
    const small = PolicySet.empty({ maxPairs: 1, maxRules: 1 }).with({ upsert: [allowCheckout] });
    for (const uid of ['a', 'b', 'a', 'c', 'b']) {
      expect(small.scope({ ...checkout, uid }, orders).evaluate('GET', '/', '').verdict).toBe('allow');
    }
  });

  it('refuses to compile what no parser accepted', () => {
    const broken = policy({ name: 'x', rules: [{ name: 'r', action: 'Deny', to: [{ path: '/a/*' }] }] });
    expect(() => PolicySet.empty().with({ upsert: [broken] })).toThrow(/column 4/);
  });
});
