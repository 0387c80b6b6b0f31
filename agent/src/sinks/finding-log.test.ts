import { expect, test } from 'vitest';
import { aFinding } from '../../testing/findings.ts';
import { FindingLog } from './finding-log.ts';

const log = () => new FindingLog({ capacity: 3, maxSubscribers: 1 });

test('a finding is kept once, as it was told last', () => {
  const findings = log();
  findings.append([aFinding({ id: 'a' }), aFinding({ id: 'b' })]);
  findings.append([aFinding({ id: 'a', count: 7 })]);
  expect(findings.all.map(({ id, count }) => [id, count])).toEqual([
    ['a', 7],
    ['b', 1],
  ]);
  expect(findings.find('a')).toMatchObject({ count: 7 });
  expect(findings.open).toHaveLength(2);
});

test('what is resolved makes room first', () => {
  const findings = log();
  findings.append([aFinding({ id: 'a' }), aFinding({ id: 'b', state: 'resolved' }), aFinding({ id: 'c' })]);
  findings.append([aFinding({ id: 'd' })]);
  expect(findings.all.map(({ id }) => id)).toEqual(['a', 'c', 'd']);
  findings.append([aFinding({ id: 'e' })]);
  expect(findings.all.map(({ id }) => id)).toEqual(['c', 'd', 'e']);
});

test('an open finding that had to make room has begun all the same', () => {
  const findings = log();
  findings.append(['a', 'b', 'c', 'd'].map((id) => aFinding({ id, action: 'block' })));
  expect(findings.find('a')).toBeNull();
  expect(['a', 'd', 'e'].map((id) => findings.before(id)?.state)).toEqual(['open', 'open', undefined]);
  expect(findings.before('a')).toEqual({ state: 'open', action: 'block' });
  findings.append([aFinding({ id: 'a', state: 'resolved' })]);
  expect(findings.before('a')).toMatchObject({ state: 'resolved' });
});

test('a slow reader gets each finding once, as it is when it looks', () => {
  const findings = log();
  let woken = 0;
  const subscription = findings.subscribe(() => woken++);
  findings.append([aFinding({ id: 'a' })]);
  findings.append([aFinding({ id: 'a', count: 2 }), aFinding({ id: 'b' })]);
  expect(woken).toBe(1);
  expect(subscription.take().map(({ id, count }) => [id, count])).toEqual([
    ['a', 2],
    ['b', 1],
  ]);
  expect(subscription.take()).toEqual([]);
  expect(findings.full).toBe(true);
  expect(() => findings.subscribe(() => {})).toThrow(RangeError);
  subscription.close();
  expect(findings.full).toBe(false);
});
