import { expect, test } from 'vitest';
import { hashesOf } from '../../testing/lab/random.ts';
import { DistinctIds, LEAST_THRESHOLD } from './distinct.ts';

const PER_DAY = 10;

function started(): DistinctIds {
  const distinct = new DistinctIds(1, PER_DAY);
  distinct.reset(0, 0);
  return distinct;
}

function ask(distinct: DistinctIds, epoch: number, count: number): void {
  for (let id = 0; id < count; id++) distinct.add(0, hashesOf(id + epoch * 100_000).h1, epoch);
}

test.each([10, 100, 500, 1_000])('counts %i ids to within 15 %%', (count) => {
  const distinct = started();
  ask(distinct, 0, count);
  ask(distinct, 0, count);
  expect(Math.abs(distinct.count(0) - count) / count).toBeLessThan(0.15);
});

test('two epochs count together, so nobody hides on their border', () => {
  const distinct = started();
  ask(distinct, 0, 100);
  ask(distinct, 1, 100);
  expect(distinct.count(0)).toBeGreaterThan(170);
  ask(distinct, 2, 1);
  expect(distinct.count(0)).toBeLessThan(130);
  ask(distinct, 9, 1);
  expect(distinct.count(0)).toBeLessThan(3);
});

test('a busy key is sampled, and counted right all the same', () => {
  const distinct = started();
  for (let epoch = 0; epoch < 12; epoch++) ask(distinct, epoch, 10_000);
  expect(Math.abs(distinct.count(0) - 20_000) / 20_000).toBeLessThan(0.3);
});

test('the threshold is half above the busiest epoch of the week', () => {
  const distinct = started();
  expect(distinct.threshold(0)).toBe(LEAST_THRESHOLD);
  ask(distinct, 0, 200);
  ask(distinct, 2, 5);
  ask(distinct, PER_DAY, 1);
  expect(distinct.days(0)).toBe(1);
  expect(distinct.threshold(0)).toBeGreaterThan(270);
  expect(distinct.threshold(0)).toBeLessThan(330);
  for (let day = 2; day < 9; day++) ask(distinct, day * PER_DAY, 1);
  expect(distinct.threshold(0)).toBe(LEAST_THRESHOLD);
});

test('an attack raises what the next one is measured by only so far', () => {
  const distinct = started();
  ask(distinct, 0, 100);
  ask(distinct, PER_DAY, 2_000);
  ask(distinct, PER_DAY + 3, 2_000);
  const during = distinct.threshold(0);
  ask(distinct, 2 * PER_DAY, 1);
  expect(during).toBeLessThan(170);
  expect(distinct.threshold(0)).toBeLessThan(2.2 * during);
});
