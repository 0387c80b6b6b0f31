import { describe, expect, it } from 'vitest';
import { destination, policy, workload } from '../../testing/builders.ts';
import { ApiScope } from './api-scope.ts';
import { compilePolicy } from './compiled-policy.ts';
import { ScopeCache, signatureOf } from './scope-cache.ts';

const rules = ['a', 'b', 'c'].map((name) => ({ name, action: 'Allow' as const }));
const compiled = compilePolicy(policy({ name: 'p', rules }), 0);
const selected = (positions: number[]) => {
  const rules = [{ policy: compiled, rules: positions }];
  return { signature: signatureOf(rules), build: () => new ApiScope(rules) };
};
const pod = (uid: string) => workload({ uid });

describe('ScopeCache', () => {
  it('keeps one scope for pairs under the same rules', () => {
    const cache = new ScopeCache({ maxPairs: 10, maxRules: 10 });
    const scope = cache.add(pod('1'), destination(), selected([0, 1]));
    expect(cache.add(pod('2'), destination(), selected([0, 1]))).toBe(scope);
    expect(cache.add(pod('3'), destination(), selected([0]))).not.toBe(scope);
    expect(cache.get(pod('2'), destination())).toBe(scope);
    expect(cache.size).toEqual({ pairs: 3, scopes: 2, rules: 3 });
  });

  it('never holds more pairs or rules than it may', () => {
    const cache = new ScopeCache({ maxPairs: 4, maxRules: 5 });
    for (let i = 0; i < 50; i++) {
      cache.add(pod(`${i % 7}`), destination(), selected([[0, 1], [1], [2, 0], [0, 1, 2]][i % 4] ?? []));
      expect(cache.size.pairs).toBeLessThanOrEqual(4);
      expect(cache.size.rules).toBeLessThanOrEqual(5);
    }
  });

  it('counts a pair once when its caller was relabelled', () => {
    const cache = new ScopeCache({ maxPairs: 4, maxRules: 9 });
    cache.add(pod('1'), destination(), selected([0]));
    const relabelled = { ...pod('1'), labels: { app: 'x' } };
    expect(cache.get(relabelled, destination())).toBeUndefined();
    const scope = cache.add(relabelled, destination(), selected([1]));
    expect(cache.get(relabelled, destination())).toBe(scope);
    expect(cache.size.pairs).toBe(1);
  });

  it('sees through a key that stands for another destination now', () => {
    const cache = new ScopeCache({ maxPairs: 4, maxRules: 9 });
    cache.add(pod('1'), destination({ key: 'k' }), selected([0]));
    expect(cache.get(pod('1'), destination({ key: 'k', port: 81 }))).toBeUndefined();
    expect(cache.get(pod('1'), destination({ key: 'k', ip: '10.96.0.11' }))).toBeUndefined();
    const services = [{ namespace: 'shop', service: 'billing', port: 80 }];
    expect(cache.get(pod('1'), destination({ key: 'k', services }))).toBeUndefined();
    expect(cache.get(pod('1'), destination({ key: 'k' }))).toBeDefined();
  });
});
