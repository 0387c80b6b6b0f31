import type { CompiledLimit } from '../src/compile/compiled-limit.ts';
import { type BucketState, newBucketState, settle } from '../src/limit/gcra.ts';
import type { LeaseAsk, LeaseGrant } from '../src/limit/lease.ts';
import { LeaseBook } from '../src/limit/lease-book.ts';
import { defaultBurst, parseRate, type Rate } from '../src/limit/rate.ts';
import type { Decision } from '../src/model/decision.ts';

/** Many holders that spend from one bucket, and a store between them, in virtual time. */
export interface Simulation {
  readonly rate: string;
  /** Requests per second of each holder. */
  readonly load: readonly number[];
  readonly seconds: number;
  readonly seed: number;
  /** From and to, in seconds: the store does not answer. */
  readonly outage?: readonly [from: number, to: number];
  /** After it, holders find the store again one after the other, within so long. */
  readonly returnMs?: number;
  /** The outage loses what the store has. */
  readonly loses?: boolean;
  /** What the store has is lost at these seconds. */
  readonly flushes?: readonly number[];
  /** Once a second no process does anything for so long, and then everything that has come meanwhile. */
  readonly stallMs?: number;
  readonly about?: Partial<CompiledLimit>;
}

export interface Simulated {
  /** Admitted tokens by second. */
  readonly admitted: readonly number[];
  readonly asks: number;
  readonly books: readonly LeaseBook[];
}

const TICK_MS = 25;
const LATENCY_MS = 2;
/** An answer that is read later is none, although the store has given the tokens away. */
const TIMEOUT_MS = 50;

const REFUSAL: Decision = { verdict: 'deny', reason: 'rate_limited', policy: 'a/b', rule: 'r' };

export const rateOf = (text: string, burst?: number): Rate => {
  const parsed = parseRate(text);
  if (parsed === null) throw new Error(`rate \`${text}\``);
  return { ...parsed, burst: burst ?? defaultBurst(parsed) };
};

export const limitOf = (rate: string, about: Partial<CompiledLimit> = {}): CompiledLimit => ({
  id: 'api:a/b:r/0',
  name: 'r',
  key: 'All',
  perOperation: false,
  rate: rateOf(rate),
  cost: 1,
  concurrency: 0,
  onStoreFailure: 'LocalShare',
  refusals: { rate_limited: REFUSAL, concurrency_limited: REFUSAL, limits_unavailable: REFUSAL },
  ...about,
});

/** A store in memory. */
export class SimulatedStore {
  states = new Map<string, BucketState>();
  up = true;

  answer(asks: readonly LeaseAsk[], nowUs: number): LeaseGrant[] {
    return asks.map((ask) => {
      const state = this.states.get(ask.key) ?? newBucketState();
      this.states.set(ask.key, state);
      return settle(state, ask, nowUs);
    });
  }
}

/** mulberry32 */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export function simulate(simulation: Simulation): Simulated {
  const { rate, load, seconds, seed, outage, returnMs = 0, flushes = [], stallMs = 0, about } = simulation;
  const random = seeded(seed);
  const store = new SimulatedStore();
  const limit = limitOf(rate, about);
  const books = load.map(() => new LeaseBook({ maxBuckets: 100, maxAsks: 100, random }));
  const phases = load.map(() => Math.floor(random() * TICK_MS));
  const mail: { at: number; deliver(now: number): void }[] = [];
  const admitted = Array.from({ length: seconds }, () => 0);
  const waiting = load.map(() => 0);
  let asked = 0;
  for (let now = 0; now < seconds * 1_000; now++) {
    const second = Math.floor(now / 1_000);
    store.up = outage === undefined || second < outage[0] || second >= outage[1];
    if (simulation.loses === true && outage !== undefined && second < outage[1] && second >= outage[0])
      store.states.clear();
    if (now % 1_000 === 0 && flushes.includes(second)) store.states.clear();
    const isStalled = now % 1_000 >= 500 && now % 1_000 < 500 + stallMs;
    while (!isStalled && mail.length > 0 && (mail[0]?.at ?? 0) <= now) mail.shift()?.deliver(now);
    for (const [at, book] of books.entries()) {
      let coming = (waiting[at] ?? 0) + poisson((load[at] ?? 0) / 1_000, random);
      waiting[at] = isStalled ? coming : 0;
      if (isStalled) continue;
      while (coming-- > 0) {
        if (book.take(book.bucket(limit, 'x', '', now), now) === null)
          admitted[second] = (admitted[second] ?? 0) + limit.cost;
      }
      if (now % TICK_MS !== phases[at]) continue;
      const asks = book.collect(now);
      if (asks.length === 0) continue;
      asked += asks.length;
      const found =
        outage === undefined ||
        now < outage[1] * 1_000 ||
        now >= outage[1] * 1_000 + (at * returnMs) / load.length;
      const grants = store.up && found ? store.answer(asks, 1e15 + now * 1_000) : null;
      mail.push({
        at: now + LATENCY_MS,
        deliver: (then) =>
          grants === null || then - now > TIMEOUT_MS
            ? book.fail(
                asks.map(({ bucket }) => bucket),
                then,
              )
            : book.grant(grants, then),
      });
    }
  }
  return { admitted, asks: asked, books };
}

function poisson(mean: number, random: () => number): number {
  const limit = Math.exp(-mean);
  let product = random();
  let count = 0;
  while (product > limit) {
    product *= random();
    count++;
  }
  return count;
}
