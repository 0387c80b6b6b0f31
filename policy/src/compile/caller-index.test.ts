import { describe, expect, it } from 'vitest';
import { workload } from '../../testing/builders.ts';
import type { CallerSelector, Rule } from '../model/policy.ts';
import { CallerIndex, keyCaller } from './caller-index.ts';

const rule = (from?: CallerSelector[]): Rule => ({ name: 'r', action: 'Allow', ...(from ? { from } : {}) });

describe('CallerIndex', () => {
  const index = new CallerIndex('shop', [
    rule([{ labels: { app: 'web' } }, { serviceAccount: 'web' }]),
    rule(),
    rule([{ namespace: '*', labels: { app: 'web' } }]),
    rule([{ workload: { name: 'web' } }]),
    rule([{ namespace: 'ops' }]),
  ]);
  const rulesFor = (about: Parameters<typeof workload>[0]) => index.rulesFor(keyCaller(workload(about)));

  it('gives each matching rule once and in order', () => {
    const everything = { serviceAccount: 'web', name: 'web', labels: { app: 'web', tier: 'x' } };
    expect(rulesFor(everything)).toEqual([0, 1, 2, 3]);
    expect(rulesFor({ ...everything, namespace: 'ops' })).toEqual([1, 2, 4]);
    expect(rulesFor({})).toEqual([1]);
  });

  it('reads labels as own properties only', () => {
    const odd = new CallerIndex('shop', [rule([{ labels: { constructor: 'x' } }])]);
    expect(odd.rulesFor(keyCaller(workload()))).toEqual([]);
    expect(odd.rulesFor(keyCaller(workload({ labels: { constructor: 'x' } })))).toEqual([0]);
  });
});
