import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { leaseAsk } from '../../testing/lease-ask.ts';
import { rateOf } from '../../testing/lease-simulation.ts';
import { newBucketState, PERIOD_US, settle } from './gcra.ts';
import type { LeaseAsk } from './lease.ts';
import { timeFor, tokensIn } from './rate.ts';

const NOW = 1_700_000_000_000_000;
const RATE = rateOf('100/s');

const ask = (about: Partial<LeaseAsk> = {}): LeaseAsk =>
  leaseAsk({ bucket: 1, key: 'k', rate: RATE, want: 0, arrived: 0, ...about });

const fc_rate = fc
  .record({ tokens: fc.integer({ min: 1, max: 100_000 }), windowUs: fc.constantFrom(1e6, 6e7, 3.6e9) })
  .chain((rate) => fc.integer({ min: 1, max: 10_000 }).map((burst) => ({ ...rate, burst })));

describe('a bucket in the store', () => {
  it('is full at first, gives what it has, and says when there will be more', () => {
    const state = newBucketState();
    expect(settle(state, ask({ want: 60 }), NOW)).toMatchObject({ granted: 60, retryMs: 0, room: 40 });
    expect(settle(state, ask({ want: 60 }), NOW)).toMatchObject({ granted: 40, retryMs: 10, room: 0 });
    expect(settle(state, ask({ want: 60 }), NOW + 10_000)).toMatchObject({ granted: 1, retryMs: 10 });
    expect(settle(state, ask({ want: 200 }), NOW + 5_000_000)).toMatchObject({ granted: 100 });
  });

  it('gives its whole burst also one by one, and whatever the rate', () => {
    fc.assert(
      fc.property(fc_rate, (rate) => {
        const state = newBucketState();
        for (let i = 0; i < rate.burst; i++)
          expect(settle(state, ask({ rate, want: 1 }), NOW).granted, `${i}`).toBe(1);
      }),
      { numRuns: 20 },
    );
  });

  it('gives nothing rather than less than a request costs', () => {
    const state = newBucketState();
    settle(state, ask({ want: 95 }), NOW);
    expect(settle(state, ask({ want: 20, least: 10 }), NOW)).toMatchObject({
      granted: 0,
      retryMs: 50,
      room: 5,
    });
  });

  it('never gives more in any time than the burst and what came meanwhile', () => {
    const steps = fc.array(
      fc.record({ after: fc.integer({ min: 0, max: 3_000_000 }), want: fc.integer({ min: 0, max: 5_000 }) }),
      { minLength: 1, maxLength: 60 },
    );
    fc.assert(
      fc.property(fc_rate, steps, (rate, asks) => {
        const state = newBucketState();
        let now = NOW;
        const given: { at: number; granted: number }[] = [];
        for (const { after, want } of asks) {
          now += after;
          given.push({ at: now, granted: settle(state, ask({ rate, want }), now).granted });
        }
        for (const [from, start] of given.entries()) {
          let sum = 0;
          for (const { at, granted } of given.slice(from)) {
            sum += granted;
            // Each lease is too cheap by less than a microsecond.
            const rounding = 1 + (asks.length * rate.tokens) / rate.windowUs;
            expect(sum).toBeLessThanOrEqual(rate.burst + tokensIn(rate, at - start.at) + rounding);
          }
        }
      }),
    );
  });

  it('what was spent ahead is paid in full, however much it was', () => {
    const state = newBucketState();
    expect(settle(state, ask({ owed: 300 }), NOW)).toMatchObject({ granted: 0, room: 0, retryMs: 2_010 });
    expect(settle(state, ask({ want: 1 }), NOW + 2_000_000)).toMatchObject({ granted: 0, retryMs: 10 });
    expect(settle(state, ask({ want: 1 }), NOW + 2_010_000)).toMatchObject({ granted: 1 });
  });

  it('what was spent in an outage empties the bucket and no more', () => {
    const state = newBucketState();
    expect(settle(state, ask({ local: 3_000 }), NOW)).toMatchObject({ room: 0, retryMs: 10 });
    expect(settle(state, ask({ local: 3_000 }), NOW)).toMatchObject({ room: 0, retryMs: 10 });
  });

  it('is as empty as those of its holders were, when it was away for all of them', () => {
    const state = newBucketState();
    const back = { late: 40, away: 30_000_000, drained: 900_000 };
    // Lost or kept, it has filled up meanwhile.
    expect(settle(state, ask(back), NOW)).toMatchObject({ room: 10, settlingMs: 1_500 });
    // Who comes back later has spent of the same, and owes nothing.
    expect(settle(state, ask(back), NOW + 500_000)).toMatchObject({ room: 10, settlingMs: 1_000 });
    expect(settle(state, ask({ owed: 10 }), NOW + 600_000)).toMatchObject({ room: 10, settlingMs: 900 });
    for (let at = 1_000_000; at <= 4_000_000; at += 500_000) settle(state, ask({ want: 50 }), NOW + at);
    expect(settle(state, ask(back), NOW + 4_000_001)).toMatchObject({ room: 0, settlingMs: 0 });
  });

  it('is paid in full by who alone did not see it', () => {
    const state = newBucketState();
    for (let at = 0; at < 10; at++) settle(state, ask(), NOW + at * 500_000);
    const back = ask({ late: 40, away: 200_000, drained: 900_000 });
    expect(settle(state, back, NOW + 4_500_001)).toMatchObject({ room: 60, settlingMs: 0 });
    expect(settle(state, { ...back, late: 80 }, NOW + 4_500_002)).toMatchObject({ room: 0, retryMs: 210 });
  });

  it('takes back what a lease has left, and no more than fits', () => {
    const state = newBucketState();
    settle(state, ask({ want: 80 }), NOW);
    expect(settle(state, ask({ owed: -30 }), NOW)).toMatchObject({ room: 50 });
    expect(settle(state, ask({ owed: -1_000 }), NOW)).toMatchObject({ room: 100 });
  });

  it('that was lost is restored by whoever has seen it', () => {
    const { tat } = settle(newBucketState(), ask({ want: 100 }), NOW);
    expect(settle(newBucketState(), ask({ want: 5, tat }), NOW)).toMatchObject({ granted: 0 });
    // By another clock it could be far off: it empties the bucket at worst.
    expect(settle(newBucketState(), ask({ tat: tat + 3.6e9 }), NOW)).toMatchObject({ room: 0, retryMs: 10 });
  });

  it('tells what all holders were asked for in the period before, and how many they are', () => {
    const state = newBucketState();
    const start = Math.ceil(NOW / PERIOD_US) * PERIOD_US;
    const { period } = settle(state, ask({ arrived: 10 }), start);
    settle(state, ask({ arrived: 30 }), start + 1);
    expect(settle(state, ask({ arrived: 5, period }), start + 2)).toMatchObject({ nodes: 2, total: 0 });
    const next = settle(state, ask({ arrived: 1, period }), start + PERIOD_US);
    expect(next).toMatchObject({ nodes: 2, total: 45, period: period + 1 });
    expect(settle(state, ask(), start + 5 * PERIOD_US)).toMatchObject({ nodes: 1, total: 0 });
  });

  it('keeps whole microseconds, whatever it is asked', () => {
    const numbers = fc.integer({ min: -100_000, max: 100_000 });
    fc.assert(
      fc.property(fc_rate, numbers, fc.nat(1e5), fc.nat(1e6), fc.nat(1e5), (rate, owed, local, tat, want) => {
        const state = newBucketState();
        const grant = settle(state, ask({ rate, owed, local, want, tat: NOW + tat }), NOW);
        expect(Number.isSafeInteger(grant.tat)).toBe(true);
        expect(grant.granted).toBeGreaterThanOrEqual(0);
        expect(grant.granted).toBeLessThanOrEqual(want);
        expect(grant.tat).toBeGreaterThanOrEqual(NOW);
        if (owed <= 0) expect(grant.tat).toBeLessThanOrEqual(NOW + timeFor(rate, rate.burst));
      }),
    );
  });
});
