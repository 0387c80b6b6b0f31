import { describe, expect, it } from 'vitest';
import { REASONS } from '../model/decision.ts';
import { explainDecision } from './explain.ts';

describe('explainDecision', () => {
  it.each([
    [
      { verdict: 'allow', reason: 'allowed_by_rule', policy: 'shop/orders', rule: 'checkout' },
      'allowed: rule `checkout` of policy `shop/orders` allows it',
    ],
    [
      { verdict: 'deny', reason: 'denied_by_rule', policy: 'shop/orders', rule: 'no-purge' },
      'denied: rule `no-purge` of policy `shop/orders` denies it',
    ],
    [
      { verdict: 'would-deny', reason: 'no_rule_allows', policy: 'shop/orders', rule: null },
      'allowed, but would be denied if every Audit policy were enforced: policy `shop/orders` selects this destination and no rule allows the request',
    ],
    [
      { verdict: 'allow', reason: 'ungoverned', policy: null, rule: null },
      'allowed: no policy selects this destination',
    ],
  ] as const)('says %j', (decision, sentence) => expect(explainDecision(decision)).toBe(sentence));

  it.each(Object.keys(REASONS) as (keyof typeof REASONS)[])(
    'has one line, without a full stop, for %s',
    (reason) => {
      const sentence = explainDecision({ verdict: 'deny', reason, policy: 'shop/p', rule: 'r' });
      expect(sentence).toMatch(/^denied: [^\n]+[^.\n]$/);
    },
  );
});
