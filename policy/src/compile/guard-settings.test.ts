import { expect, test } from 'vitest';
import type { GuardProfile } from '../model/guard-profile.ts';
import { DEFAULT_GUARDS, GuardProfiles } from './guard-settings.ts';

const profile = (name: string, rest: Partial<GuardProfile> = {}): GuardProfile => ({
  name,
  generation: 1,
  ...rest,
});
const caller = {
  uid: 'u',
  namespace: 'monitoring',
  pod: 'prometheus-0',
  node: 'n',
  serviceAccount: 'prometheus',
  kind: 'StatefulSet',
  name: 'prometheus',
  labels: {},
};

test('without a profile everything is reported and nothing is done', () => {
  const settings = GuardProfiles.empty().for('shop');
  expect(settings).toBe(DEFAULT_GUARDS);
  expect(new Set(Object.values(settings.actions))).toEqual(new Set(['Log']));
});

test('a profile that names the namespace wins over one for all, the first by name over others', () => {
  const profiles = GuardProfiles.empty().with({
    upsert: [
      profile('z-shop', { namespaces: ['shop'], alertBudgetPerWeek: 9 }),
      profile('b-all', { alertBudgetPerWeek: 3 }),
      profile('a-shop', { namespaces: ['shop', 'pay'], alertBudgetPerWeek: 7 }),
      profile('c-all', { alertBudgetPerWeek: 5 }),
    ],
  });
  expect(['shop', 'pay', 'dev'].map((name) => profiles.for(name).alertBudgetPerWeek)).toEqual([7, 7, 3]);
  expect(profiles.with({ remove: ['a-shop', 'b-all'] }).for('shop').alertBudgetPerWeek).toBe(9);
});

test('what a profile leaves out is as without it', () => {
  const settings = GuardProfiles.empty()
    .with({
      upsert: [
        profile('all', {
          detections: [{ id: 'foreign-token', action: 'Block' }],
          enumeration: { warmupRequests: 5 },
          operators: [{ serviceAccount: 'monitoring/prometheus' }],
        }),
      ],
    })
    .for('shop');
  expect(settings.actions).toEqual({ ...DEFAULT_GUARDS.actions, 'foreign-token': 'Block' });
  expect(settings.enumeration).toEqual({ ...DEFAULT_GUARDS.enumeration, warmupRequests: 5 });
  expect(settings.adminPaths).toBe(DEFAULT_GUARDS.adminPaths);
  expect(settings.isOperator(caller)).toBe(true);
  expect(settings.isOperator({ ...caller, namespace: 'shop' })).toBe(false);
});

test('settings are the same object until profiles change', () => {
  const profiles = GuardProfiles.empty().with({ upsert: [profile('all', { alertBudgetPerWeek: 2 })] });
  expect(profiles.for('shop')).toBe(profiles.for('shop'));
});
