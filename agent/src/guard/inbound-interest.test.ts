import { expect, test } from 'vitest';
import { InboundInterest } from './inbound-interest.ts';
import { NEVER } from './provenance.ts';

const IDLE_MS = 1_000;
const NS = 7;

function setUp() {
  const told: [number, boolean][] = [];
  const interest = new InboundInterest({ idleMs: IDLE_MS, tell: (ns, wanted) => told.push([ns, wanted]) });
  return { told, interest };
}

test('a pod whose workload asks for ids is wanted until it has not for long, and again when it does', () => {
  const { told, interest } = setUp();
  interest.review(NS, { now: 10_000, unshownAt: NEVER, observed: false });
  expect(told).toEqual([]);
  interest.review(NS, { now: 10_500, unshownAt: 10_400, observed: false });
  interest.review(NS, { now: 11_000, unshownAt: 10_400, observed: true });
  expect(told.splice(0)).toEqual([[NS, true]]);
  interest.review(NS, { now: 11_399, unshownAt: 10_400, observed: true });
  expect(told).toEqual([]);
  interest.review(NS, { now: 11_400, unshownAt: 10_400, observed: true });
  interest.review(NS, { now: 11_500, unshownAt: 10_400, observed: true });
  expect(told.splice(0)).toEqual([[NS, false]]);
  interest.review(NS, { now: 20_000, unshownAt: 19_999, observed: false });
  expect(told).toEqual([[NS, true]]);
});

test('one that was observed before this process began gets as much time', () => {
  const { told, interest } = setUp();
  interest.review(NS, { now: 10_000, unshownAt: NEVER, observed: true });
  expect(told.splice(0)).toEqual([[NS, true]]);
  interest.review(NS, { now: 10_999, unshownAt: NEVER, observed: true });
  expect(told).toEqual([]);
  interest.review(NS, { now: 11_000, unshownAt: NEVER, observed: true });
  expect(told).toEqual([[NS, false]]);
});

test('a pod that is always observed is wanted by nobody for that', () => {
  const { told, interest } = setUp();
  interest.review(NS, { now: 10_000, unshownAt: NEVER, observed: false });
  interest.review(NS, { now: 10_001, unshownAt: NEVER, observed: true });
  expect(told).toEqual([]);
  interest.retain(new Map());
  interest.review(NS, { now: 10_002, unshownAt: NEVER, observed: false });
  expect(told).toEqual([]);
});
