import type { LeaseAsk } from '@eastwall/policy';
import { expect, it } from 'vitest';
import { leaseAsk } from '../../../policy/testing/lease-ask.ts';
import type { LeaseReply } from './lease-store.ts';
import { NodeStore } from './node-store.ts';

const asking = (key: string, about: Partial<LeaseAsk> = {}): LeaseAsk =>
  leaseAsk({
    bucket: 7,
    key,
    rate: { tokens: 100, windowUs: 1_000_000, burst: 100 },
    want: 60,
    arrived: 60,
    ...about,
  });

function setUp(maxBuckets = 10) {
  const clock = { now: 5_000 };
  const store = new NodeStore(maxBuckets, () => clock.now);
  const ask = (...asks: readonly LeaseAsk[]): LeaseReply => {
    const replies: LeaseReply[] = [];
    store.ask(asks, (reply) => replies.push(reply));
    expect(replies).toHaveLength(1);
    return replies[0] as LeaseReply;
  };
  return { store, clock, ask };
}

it('keeps the buckets of a node, and always answers', () => {
  const { ask, clock, store } = setUp();
  expect(ask(asking('a'), asking('a'), asking('b')).grants.map(({ granted }) => granted)).toEqual([
    60, 40, 60,
  ]);
  clock.now += 500;
  expect(ask(asking('a')).grants).toMatchObject([{ bucket: 7, granted: 50 }]);
  expect(store.status()).toMatchObject({ kind: 'node', problem: null, asks: 4 });
});

it('what was pushed out is restored by whoever spends from it', () => {
  const { ask } = setUp(2);
  const { tat = 0 } = ask(asking('a', { want: 100 })).grants[0] ?? {};
  ask(asking('b'));
  ask(asking('c'));
  expect(ask(asking('a', { tat })).grants).toMatchObject([{ granted: 0 }]);
});
