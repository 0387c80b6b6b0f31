import type { LeaseAsk } from '@eastwall/policy';
import { expect, it } from 'vitest';
import type { ToDataplane } from '../ipc/messages.ts';
import type { LeaseReply, LeaseStore } from '../store/lease-store.ts';
import { LeaseDesk } from './lease-desk.ts';

const asks = (...buckets: readonly number[]) => buckets.map((bucket) => ({ bucket }) as LeaseAsk);

function setUp(maxOpen: number) {
  const waiting: { asks: readonly LeaseAsk[]; reply: (reply: LeaseReply) => void }[] = [];
  const store: LeaseStore = {
    ask: (asked, reply) => waiting.push({ asks: asked, reply }),
    status: () => ({ kind: 'node', address: '', problem: null, asks: 0, failedAsks: 0, slowestMs: 0 }),
    close: () => {},
  };
  const said: ToDataplane[] = [];
  const desk = new LeaseDesk(store, maxOpen);
  const ask = (...buckets: readonly number[]) =>
    desk.asked(asks(...buckets), (message) => said.push(message));
  return { ask, waiting, said };
}

it('passes on what the store says, part by part', () => {
  const { ask, waiting, said } = setUp(10);
  ask(1, 2);
  waiting[0]?.reply({ grants: [], failed: [1] });
  waiting[0]?.reply({ grants: [], failed: [2] });
  expect(said).toEqual([1, 2].map((bucket) => ({ kind: 'lease-reply', grants: [], failed: [bucket] })));
});

it('refuses more asks than may be open, until some are answered', () => {
  const { ask, waiting, said } = setUp(3);
  ask(1, 2);
  ask(3, 4);
  expect(said).toEqual([{ kind: 'lease-reply', grants: [], failed: [3, 4] }]);
  waiting[0]?.reply({ grants: [], failed: [1, 2] });
  ask(5, 6, 7);
  expect(waiting).toHaveLength(2);
});
