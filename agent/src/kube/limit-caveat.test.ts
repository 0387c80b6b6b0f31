import type { Limit } from '@eastwall/policy';
import { expect, test } from 'vitest';
import { limitCaveat } from './limit-caveat.ts';

const rule = (name: string, ...limits: Limit[]) => ({ name, limits });

test.each([
  ['no limits', { rules: [{ name: 'a' }] }],
  ['rates', { rules: [rule('a', { key: 'Workload', rate: '100/s' })] }],
  ['concurrency of pods', { rules: [rule('a', { key: 'Pod', concurrency: 20 })] }],
])('%s hold as they are written', (_, policy) => {
  expect(limitCaveat(policy)).toBe('');
});

test('concurrency of wider keys is named with the rules that have it', () => {
  const rules = [
    rule('reads', { key: 'Pod', concurrency: 5 }, { key: 'Workload', concurrency: 20 }),
    rule('writes', { key: 'Pod', concurrency: 5 }),
    rule('all', { key: 'All', rate: '1/s', concurrency: 1 }),
  ];
  expect(limitCaveat({ rules })).toBe(
    '; concurrency is counted by each dataplane process, not across them, unless its key is `Pod`: `reads`, `all`',
  );
});

test('however many rules have it, ten are named', () => {
  const rules = Array.from({ length: 500 }, (_, at) => rule(`r${at}`, { key: 'Namespace', concurrency: 1 }));
  expect(limitCaveat({ rules })).toMatch(/`r8`, `r9` and 490 more$/);
});
