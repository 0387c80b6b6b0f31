import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Family } from '../ipc/messages.ts';
import type { Enrolment } from './enrolment.ts';
import { Netns } from './netns.ts';
import { ProofRounds } from './proof-rounds.ts';
import type { Proof, Prover } from './prover.ts';

const INTERVAL_MS = 60_000;
const PROVEN: Proof = { state: 'proven' };
const FAILED: Proof = { state: 'failed', why: 'it is not redirected' };

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function enrolled(id: number): Netns {
  const netns = new Netns({ fd: -1, inode: id }, false, 0);
  netns.enrolment = { id } as Enrolment;
  return netns;
}

function rounds(all: readonly Netns[], prove: (ns: number, family: Family) => Proof) {
  const asked: { readonly ns: number; readonly at: number }[] = [];
  const results: string[] = [];
  const options = {
    prover: {
      prove: async (ns: number, _: number, family: Family) => {
        if (family === 4) asked.push({ ns, at: Date.now() });
        return prove(ns, family);
      },
    } as unknown as Prover,
    clock: { now: () => Date.now(), monotonic: () => Date.now() },
    intervalMs: INTERVAL_MS,
    namespaces: () => all,
    onResult: (netns: Netns, family: Family, { state }: Proof) =>
      results.push(`${netns.inode} ${family} ${state}`),
  };
  const started = new ProofRounds(options);
  started.start();
  return { asked, results, stop: () => started.stop() };
}

it('asks every namespace once in an interval, and not all at once', async () => {
  const all = Array.from({ length: 120 }, (_, at) => enrolled(at));
  const { asked, stop } = rounds(all, () => PROVEN);
  await vi.advanceTimersByTimeAsync(2 * INTERVAL_MS + 5_000);
  stop();
  const first = asked.slice(0, 120);
  expect(new Set(first.map(({ ns }) => ns)).size).toBe(120);
  const perSecond = Map.groupBy(asked, ({ at }) => at);
  expect(Math.max(...[...perSecond.values()].map(({ length }) => length))).toBe(2);
  expect(asked.length).toBeGreaterThanOrEqual(230);
});

it('reports what is another result than before', async () => {
  const { results, stop } = rounds([enrolled(1)], () => PROVEN);
  await vi.advanceTimersByTimeAsync(3 * INTERVAL_MS);
  stop();
  expect(results).toEqual(['1 4 proven', '1 6 proven']);
});

it('believes a failure when it comes a second time, soon after the first', async () => {
  let sound = true;
  const { asked, results, stop } = rounds([enrolled(1)], (_, family) =>
    sound || family === 6 ? PROVEN : FAILED,
  );
  await vi.advanceTimersByTimeAsync(INTERVAL_MS / 2);
  sound = false;
  await vi.advanceTimersByTimeAsync(INTERVAL_MS + 5_000);
  stop();
  expect(results).toEqual(['1 4 proven', '1 6 proven', '1 4 failed']);
  const [, second = { at: 0 }, third = { at: 0 }] = asked;
  expect(third.at - second.at).toBeLessThanOrEqual(3_000);
});
