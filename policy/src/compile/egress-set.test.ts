import { describe, expect, it } from 'vitest';
import { destination, egressPolicy, outside, workload } from '../../testing/builders.ts';
import type { EgressRule } from '../model/egress-policy.ts';
import { EgressSet } from './egress-set.ts';

const hosts = (...names: string[]): EgressRule[] =>
  names.map((name, at) => ({ name: `r${at}`, action: 'Allow', to: [{ hosts: [name] }] }));

describe('EgressSet', () => {
  it('leaves the set as it was and answers from the next one', () => {
    const empty = EgressSet.empty();
    const next = empty.with({ upsert: [egressPolicy({ name: 'out' })] });
    const removed = next.with({ remove: ['shop/out', 'shop/never-there'] });
    const governed = [empty, next, removed].map((set) => set.scope(workload(), outside()).governed);
    expect(governed).toEqual(['no', 'enforce', 'no']);
    expect([empty.size, next.size, removed.size]).toEqual([0, 1, 0]);
  });

  it('says nothing of a destination with a Service', () => {
    const set = EgressSet.empty().with({ upsert: [egressPolicy({ name: 'out' })] });
    expect(set.scope(workload(), destination()).governed).toBe('no');
  });

  it('shares scopes between pods and destinations under the same rules', () => {
    const rules: EgressRule[] = [
      ...hosts('a.test'),
      { name: 'net', action: 'Allow', to: [{ cidrs: ['10.0.0.0/8'] }] },
    ];
    const set = EgressSet.empty().with({ upsert: [egressPolicy({ name: 'out', rules })] });
    const scope = set.scope(workload({ uid: '1' }), outside('203.0.113.7', 443));
    expect(set.scope(workload({ uid: '2' }), outside('203.0.113.8', 80))).toBe(scope);
    expect(set.scope(workload({ uid: '1' }), outside('10.1.2.3', 443))).not.toBe(scope);
  });

  it('sees that a pod was relabelled', () => {
    const from = [{ labels: { egress: 'none' } }];
    const set = EgressSet.empty().with({ upsert: [egressPolicy({ name: 'out', from })] });
    const governed = (labels: Record<string, string>) => set.scope(workload({ labels }), outside()).governed;
    expect([{}, { egress: 'none' }, {}].map(governed)).toEqual(['no', 'enforce', 'no']);
  });

  it('keeps the host of one question out of the next', () => {
    const set = EgressSet.empty().with({ upsert: [egressPolicy({ name: 'out', rules: hosts('a.test') })] });
    const scope = set.scope(workload(), outside());
    const verdicts = ['a.test', '', 'a.test', 'b.test', 'A.test'].map((host) => scope.unread(host).verdict);
    expect(verdicts).toEqual(['allow', 'deny', 'allow', 'deny', 'allow']);
    expect(scope.evaluate('GET', '/', 'a.test')).toBe(scope.unread('a.test'));
  });

  it('finds one host among thousands, exact and below', () => {
    const names = Array.from({ length: 2_000 }, (_, i) => [`h${i}.test`, `*.d${i}.test`]).flat();
    const policies = Array.from({ length: 20 }, (_, p) =>
      egressPolicy({ name: `p${p}`, rules: hosts(...names.slice(p * 200, (p + 1) * 200)) }),
    );
    const scope = EgressSet.empty().with({ upsert: policies }).scope(workload(), outside());
    for (const [at, name] of names.entries()) {
      const decision = scope.unread(name.replace('*', 'x.y'));
      expect(decision).toMatchObject({ verdict: 'allow', policy: `shop/p${Math.floor(at / 200)}` });
    }
    expect(scope.unread('d7.test').verdict).toBe('deny');
  });

  it('refuses a network that the parser would not have let through: that is a bug', () => {
    const broken = egressPolicy({
      name: 'out',
      rules: [{ name: 'r', action: 'Allow', to: [{ cidrs: ['10.0.0.1/8'] }] }],
    });
    expect(() => EgressSet.empty().with({ upsert: [broken] })).toThrow(/10\.0\.0\.1\/8/);
  });
});
