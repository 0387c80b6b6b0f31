import { expect, test } from 'vitest';
import { aUsage } from '../../testing/operation-usage.ts';
import { mergedUsages } from './merged-usages.ts';
import { addUsage, MAX_CALLERS, usageState } from './operation-usage.ts';

const zoo = (template: string, changes = {}) => aUsage({ service: 'zoo', template, ...changes });
const seen = (usages: ReturnType<typeof mergedUsages>) =>
  Object.fromEntries(usages.map(({ template, calls }) => [template, calls]));

test('what two observers have counted of one operation is added up', () => {
  const [merged, ...others] = mergedUsages([
    [aUsage({ callers: { a: 2, b: 1 }, firstSeen: 5, lastSeen: 9 })],
    [aUsage({ callers: { b: 3 }, firstSeen: 3, lastSeen: 7, statuses: [0, 0, 0, 0, 1, 0], denied: 1 })],
  ]);
  expect(others).toEqual([]);
  expect(merged).toMatchObject({
    calls: 2,
    denied: 1,
    statuses: [0, 0, 1, 0, 1, 0],
    callers: { a: 2, b: 4 },
    firstSeen: 3,
    lastSeen: 9,
    bytesSent: 200,
  });
});

test('a path belongs to the template that another observer has learnt, unless that one keeps it beside', () => {
  const learnt = [zoo('/zoo/{zooId}'), zoo('/zoo/map')];
  expect(seen(mergedUsages([learnt, [zoo('/zoo/ant'), zoo('/zoo/map')]]))).toEqual({
    '/zoo/{zooId}': 2,
    '/zoo/map': 2,
  });
});

test('an observer that knows both means both', () => {
  const usages = [zoo('/zoo/{zooId}'), zoo('/zoo/me')];
  expect(seen(mergedUsages([usages, [zoo('/zoo/{zooId}')]]))).toEqual({ '/zoo/{zooId}': 2, '/zoo/me': 1 });
});

test('templates take paths of their own length, method and place only', () => {
  const learnt = [zoo('/zoo/{zooId}/food')];
  const others = [
    zoo('/zoo/ant'),
    zoo('/zoo/ant/home'),
    zoo('/zoo//food'),
    zoo('/zoo/ant/food', { method: 'PUT' }),
    zoo('/zoo/ant/food', { port: 81 }),
  ];
  expect(mergedUsages([learnt, others])).toHaveLength(6);
});

test('callers that there is no room for are counted together', () => {
  const many = Object.fromEntries(Array.from({ length: MAX_CALLERS }, (_, i) => [`c${i}`, 1]));
  const sum = addUsage(aUsage({ callers: many }), aUsage({ callers: { c0: 1, new: 4 }, otherCalls: 2 }));
  expect(Object.keys(sum.callers)).toHaveLength(MAX_CALLERS);
  expect(sum).toMatchObject({ callers: { c0: 2 }, otherCalls: 6 });
});

test.each([
  [2, 11, 'new'],
  [3, 9, 'new'],
  [3, 10, 'observed'],
])('%i calls over %i minutes: %s', (calls, minutes, state) => {
  expect(usageState(aUsage({ calls, firstSeen: 0, lastSeen: minutes * 60_000 }))).toBe(state);
});
