import { describe, expect, it } from 'vitest';
import { leaseAsk } from '../../testing/lease-ask.ts';
import { limitOf, SimulatedStore, type Simulation, simulate } from '../../testing/lease-simulation.ts';
import type { CompiledLimit } from '../compile/compiled-limit.ts';
import { LeaseBook } from './lease-book.ts';

/** Hardly anything comes while a test looks. */
const DEEP = { tokens: 1, windowUs: 1_000_000, burst: 1_000 };
const KEY = 'api:a/b:r/0|1/1000000/1000|All|x';
const ASK = leaseAsk({ bucket: 0, key: KEY, rate: DEEP, want: 0, arrived: 0 });

/** One holder with a store at hand. */
function holder(rate: string, about: Partial<CompiledLimit> = {}) {
  const limit = limitOf(rate, about);
  const book = new LeaseBook({ maxBuckets: 4, maxAsks: 100, random: () => 0.5 });
  const store = new SimulatedStore();
  return {
    book,
    limit,
    store,
    take: (now: number, subject = 'x', operation = '') =>
      book.take(book.bucket(limit, subject, operation, now), now),
    /** Number of requests that are admitted of so many at once. */
    admits: (count: number, now: number) => {
      let admitted = 0;
      for (let i = 0; i < count; i++)
        if (book.take(book.bucket(limit, 'x', '', now), now) === null) admitted++;
      return admitted;
    },
    /** One tick: asks are answered at once, or fail while the store is down. */
    tick: (now: number) => {
      const asks = book.collect(now);
      if (store.up) book.grant(store.answer(asks, 1e15 + now * 1_000), now);
      else
        book.fail(
          asks.map(({ bucket }) => bucket),
          now,
        );
      return asks;
    },
  };
}

const even = (holders: number, total: number) => Array.from({ length: holders }, () => total / holders);
const skewed = (holders: number, total: number) => {
  const weights = Array.from({ length: holders }, (_, i) => 1 / (i + 1) ** 1.5);
  const sum = weights.reduce((all, weight) => all + weight, 0);
  return weights.map((weight) => (weight / sum) * total);
};
const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Admitted / limit by second, after the burst of the beginning. */
function steady(simulation: Omit<Simulation, 'seconds'> & { seconds?: number }, perSecond: number) {
  const { admitted } = simulate({ seconds: 15, ...simulation });
  return admitted.slice(3).map((count) => count / perSecond);
}

const beyond = (ratios: readonly number[], [least, most]: readonly [number, number]) =>
  ratios.filter((ratio) => ratio < least || ratio > most);

const inFives = (ratios: readonly number[]) =>
  Array.from({ length: ratios.length / 5 }, (_, i) => mean(ratios.slice(5 * i, 5 * i + 5)));

const LOADS = [
  ['even', even],
  ['skewed', skewed],
] as const;

describe('eight holders of one bucket', () => {
  describe.each([
    ['100/s', 100],
    ['1000/s', 1_000],
  ])('of %s', (rate, perSecond) => {
    it.each(LOADS)('do so in each second, %s', (_, spread) => {
      const seconds = [1, 2, 3].flatMap((seed) =>
        steady({ rate, load: spread(8, 5 * perSecond), seed, seconds: 33 }, perSecond),
      );
      if (perSecond === 1_000) expect(beyond(seconds, [0.97, 1.05])).toEqual([]);
      // Of 100/s a token in hand at either end of the second is a hundredth (docs/limits.md).
      expect(beyond(seconds, [0.92, 1.08])).toEqual([]);
      expect(beyond(seconds, [0.97, 1.05]).length).toBeLessThanOrEqual(0.05 * seconds.length);
      expect(beyond(inFives(seconds), [0.98, 1.02])).toEqual([]);
    });

    it.each(LOADS)('admit the limit under five times as much load, %s', (_, spread) => {
      for (const seed of [1, 2, 3]) {
        const ratios = steady({ rate, load: spread(8, 5 * perSecond), seed }, perSecond);
        expect(mean(ratios)).toBeGreaterThan(0.97);
        expect(mean(ratios)).toBeLessThan(1.02);
        // A token that was leased in one second may be spent in the next.
        expect(Math.max(...ratios)).toBeLessThan(1.1);
        expect(Math.min(...ratios)).toBeGreaterThan(0.9);
      }
    });

    it.each(LOADS)('and no more where processes stand still and miss answers, %s', (_, spread) => {
      const load = spread(8, 5 * perSecond);
      const ratios = steady({ rate, load, seed: 9, seconds: 33, stallMs: 60 }, perSecond);
      expect(mean(ratios)).toBeGreaterThan(0.98);
      expect(mean(ratios)).toBeLessThan(1.005);
      expect(beyond(inFives(ratios), [0.95, 1.02])).toEqual([]);
    });

    it.each(LOADS)('admit everything that is below the limit, %s', (_, spread) => {
      const { books } = simulate({ rate, load: spread(8, 0.8 * perSecond), seconds: 15, seed: 4 });
      const counts = books.map((book) => book.counts);
      const limited = counts.reduce((sum, one) => sum + one.limited, 0);
      const admitted = counts.reduce((sum, one) => sum + one.leased + one.ahead, 0);
      expect(limited / (admitted + limited)).toBeLessThan(0.02);
    });

    it.each(LOADS)(
      'stay below 1.25 times the limit without a store, and when it is back, %s',
      (_, spread) => {
        for (const seed of [5, 6]) {
          const load = spread(8, 5 * perSecond);
          const ratios = steady({ rate, load, seed, seconds: 45, outage: [8, 38] }, perSecond);
          expect(Math.max(...ratios)).toBeLessThan(1.25);
          expect(mean(ratios.slice(6, 34))).toBeGreaterThan(0.8);
          // What was spent meanwhile is paid once.
          expect(Math.min(...ratios.slice(35))).toBeGreaterThan(0.85);
        }
      },
    );

    it.each([
      ['even', even, 0],
      ['even', even, 1_200],
      ['skewed', skewed, 0],
      ['skewed', skewed, 1_200],
    ] as const)('hand over to a store that is back, %s', (_name, spread, returnMs) => {
      for (const loses of [true, false]) {
        const load = spread(8, 5 * perSecond);
        const outage = [8, 20] as const;
        const ratios = steady({ rate, load, seed: 5, seconds: 30, outage, returnMs, loses }, perSecond);
        const back = ratios.slice(17);
        // Of 100/s a token in hand at either end of the second is a hundredth.
        expect(beyond(back, perSecond === 100 ? [0.92, 1.12] : [0.95, 1.05])).toEqual([]);
        expect(mean(back.slice(0, 4))).toBeGreaterThan(0.98);
        expect(mean(back.slice(0, 4))).toBeLessThan(1.03);
      }
    });

    it('are not fooled by a store that forgets', () => {
      const load = even(8, 5 * perSecond);
      const ratios = steady({ rate, load, seed: 7, flushes: [6, 9, 12] }, perSecond);
      expect(Math.max(...ratios)).toBeLessThan(1.15);
    });
  });

  it('keep a slow limit in the long run, though each lets its first request pass', () => {
    const { admitted } = simulate({ rate: '60/m', load: even(8, 20), seconds: 120, seed: 8 });
    const total = admitted.reduce((sum, count) => sum + count, 0);
    expect(total).toBeLessThanOrEqual(120 + 10 + 8);
    expect(total).toBeGreaterThan(110);
  });
});

describe('one holder', () => {
  it('may spend a burst at once after it has been answered, and a part of it before', () => {
    const { admits, tick } = holder('100/s');
    expect(admits(30, 0)).toBe(5);
    tick(25);
    expect(admits(200, 50)).toBe(95);
    tick(75);
    // What has come in these 75 ms.
    expect(admits(50, 80)).toBe(5);
  });

  it('who asks seldom is never refused', () => {
    const { take, tick } = holder('10/m');
    for (let now = 0; now < 600_000; now += 7_000) {
      expect(take(now)).toBeNull();
      tick(now + 25);
    }
  });

  it('counts only what it admits', () => {
    const { admits, tick } = holder('100/s');
    expect(admits(10_000, 0)).toBe(5);
    expect(tick(25)).toMatchObject([{ owed: 5, arrived: 10_000 }]);
  });

  it('asks nothing while nobody comes, and once per tick for all buckets when they do', () => {
    const { take, tick } = holder('100/s', { key: 'Workload' });
    expect(tick(0)).toEqual([]);
    for (const subject of ['a', 'b', 'c']) take(1, subject);
    expect(tick(25).map(({ key }) => key)).toEqual(
      ['a', 'b', 'c'].map((subject) => `api:a/b:r/0|100/1000000/100|Workload|${subject}`),
    );
    expect(tick(50)).toEqual([]);
  });

  it('tells apart operations only where the limit does', () => {
    const one = holder('100/s');
    one.take(0, 'x', 'GET /a');
    one.take(0, 'x', 'tools/call search');
    expect(one.book.size).toBe(1);
    const each = holder('100/s', { perOperation: true });
    each.take(0, 'x', 'GET /a');
    each.take(0, 'x', 'tools/call search');
    expect(each.book.size).toBe(2);
  });

  it('gives back what it has leased when its process ends, and pays what it owes', () => {
    const { admits, tick, book, store } = holder('1/s', { rate: DEEP });
    for (let now = 0; now < 500; now += 25) {
      admits(5, now);
      tick(now);
    }
    const room = () => store.answer([{ ...ASK, key: KEY }], 1e15 + 500_000)[0]?.room ?? 0;
    const before = room();
    for (const asks of book.close(500)) {
      expect(asks).toMatchObject([{ key: KEY, want: 0 }]);
      store.answer(asks, 1e15 + 500_000);
    }
    expect(room()).toBeGreaterThan(before);
    expect(room()).toBe(1_000 - 20 * 5);
  });

  it('a pod is limited without any store', () => {
    const { admits, tick } = holder('100/s', { key: 'Pod' });
    expect(admits(500, 0)).toBe(100);
    expect(tick(25)).toEqual([]);
    expect(admits(500, 1_000)).toBe(100);
    expect(admits(500, 1_500)).toBe(50);
  });

  it('what a request costs is taken from the same bucket', () => {
    const { admits } = holder('100/s', { key: 'Pod', cost: 30 });
    expect(admits(10, 0)).toBe(3);
  });

  it.each([
    ['Open', [null, null, null]],
    ['Closed', ['limits_unavailable', 'limits_unavailable', 'limits_unavailable']],
    ['LocalShare', [null, null, 'rate_limited']],
  ] as const)('without a store %s does what it says', (onStoreFailure, expected) => {
    const { take, tick, store, limit } = holder('2/s', { onStoreFailure });
    store.up = false;
    take(0);
    tick(25);
    // An even share of five holders.
    expect(limit.rate?.burst).toBe(2);
    const got = [take(30), take(1_000_000), take(1_000_001)];
    expect(got).toEqual(expected);
  });

  it('a store that does not answer is as good as none', () => {
    const { take, book } = holder('100/s', { onStoreFailure: 'Closed' });
    take(0);
    expect(book.collect(25)).toHaveLength(1);
    expect(take(200)).toBeNull();
    expect(book.mode(200)).toBe('lease');
    expect(take(300)).toBe('limits_unavailable');
    expect(book.mode(300)).toBe('share');
  });

  it('a new version of a policy that changes no rate leaves everything as it was', () => {
    const { admits, book } = holder('100/s', { key: 'Pod' });
    admits(100, 0);
    expect(book.take(book.bucket(limitOf('100/s', { key: 'Pod' }), 'x', '', 0), 0)).toBe('rate_limited');
  });

  it('one that does begins anew, also for what is still on its way, and keeps what is under way', () => {
    const { admits, book, store, limit } = holder('1/h');
    admits(50, 0);
    const late = book.collect(25);
    const bucket = book.bucket(limit, 'x', '', 26);
    bucket.inFlight++;
    const faster = limitOf('1000/s');
    expect(book.take(book.bucket(faster, 'x', '', 30), 30)).toBeNull();
    book.grant(store.answer(late, 1e15), 31);
    expect(book.take(book.bucket(faster, 'x', '', 32), 32)).toBeNull();
    expect(book.collect(50)).toMatchObject([{ key: 'api:a/b:r/0|1000/1000000/1000|All|x', tat: 0 }]);
    expect(book.bucket(faster, 'x', '', 60).inFlight).toBe(1);
  });
});

describe('a flood of names', () => {
  it('shares one bucket, and pushes out nobody who is being limited', () => {
    const { take, admits, book } = holder('100/s', { key: 'Pod' });
    expect(admits(200, 0)).toBe(100);
    let passed = 0;
    for (let i = 0; i < 10_000; i++) if (take(1, `name-${i}`) === null) passed++;
    expect(passed).toBe(3 + 100);
    expect(admits(200, 1)).toBe(0);
    expect(book.size).toBe(5);
    expect(book.counts.others).toBe(10_000 - 3);
  });

  it('is forgotten when it is over', () => {
    const { take, book } = holder('100/s', { key: 'Pod' });
    for (let i = 0; i < 100; i++) take(0, `name-${i}`);
    for (let i = 0; i < 100; i++) expect(take(20_000 + i * 20_000, `late-${i}`)).toBeNull();
    expect(book.size).toBe(5);
  });

  it('a bucket with requests under way is kept', () => {
    const { book, limit } = holder('100/s', { key: 'Pod' });
    const busy = book.bucket(limit, 'busy', '', 0);
    busy.inFlight++;
    for (let i = 0; i < 100; i++) book.bucket(limit, `name-${i}`, '', i * 20_000);
    expect(book.bucket(limit, 'busy', '', 1e9)).toBe(busy);
  });
});
