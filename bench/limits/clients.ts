import { type CompiledLimit, LeaseBook } from '@eastwall/policy';
import { storeAddress } from '../../agent/src/config/store-address.ts';
import { systemClock } from '../../agent/src/kernel/clock.ts';
import { KeyNames } from '../../agent/src/store/key-names.ts';
import { connectRedis } from '../../agent/src/store/redis-connect.ts';
import { RedisStore } from '../../agent/src/store/redis-store.ts';

/** One stream of requests that meets one limit, from all clients. */
export interface Load {
  readonly limit: CompiledLimit;
  /** Requests per second of each client. */
  readonly perClient: readonly number[];
}

const TICK_MS = 25;
const TIMEOUT_MS = 50;
const SILENT = { info: () => {}, warn: () => {} };

/** What one agent does about limits: a book, a connection of its own to Redis, and requests that come by themselves. */
class Client {
  readonly #book = new LeaseBook({ maxBuckets: 1_000, maxAsks: 512, random: Math.random });
  readonly #store: RedisStore;
  readonly #timers: NodeJS.Timeout[];

  constructor(address: string) {
    const parsed = storeAddress(address);
    if (!parsed.ok || parsed.value === null) throw new Error(address);
    this.#store = new RedisStore({
      redis: connectRedis({
        address: parsed.value,
        secrets: { user: '', password: '', ca: '' },
        timeoutMs: TIMEOUT_MS,
      }),
      address,
      names: new KeyNames({ prefix: 'bench', secret: '', maxKeys: 1_000 }),
      timeoutMs: TIMEOUT_MS,
      now: systemClock.monotonic,
      log: SILENT,
    });
    this.#timers = [setInterval(() => this.#ask(), TICK_MS)];
  }

  admits(limit: CompiledLimit, now: number): boolean {
    return this.#book.take(this.#book.bucket(limit, 'all', '', now), now) === null;
  }

  #ask(): void {
    const asks = this.#book.collect(systemClock.monotonic());
    if (asks.length === 0) return;
    this.#store.ask(asks, ({ grants, failed }) => {
      const now = systemClock.monotonic();
      this.#book.grant(grants, now);
      this.#book.fail(failed, now);
    });
  }

  close(): void {
    for (const timer of this.#timers) clearInterval(timer);
    this.#store.close();
  }
}

export interface Second {
  /** By load. */
  readonly admitted: number[];
  readonly came: number[];
  /** Longest time between two looks at the clock: how far the machine kept up with real time. */
  lagMs: number;
}

/** Runs the clients for so many seconds; `at` is told when each begins. */
export async function runClients(
  address: string,
  loads: readonly Load[],
  { seconds, at }: { seconds: number; at: (second: number) => void },
): Promise<Second[]> {
  const count = loads[0]?.perClient.length ?? 0;
  const clients = Array.from({ length: count }, () => new Client(address));
  await new Promise((resolve) => setTimeout(resolve, 500));
  const results: Second[] = [];
  const startedAt = systemClock.monotonic();
  let before = startedAt;
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      const now = systemClock.monotonic();
      const second = Math.floor((now - startedAt) / 1_000);
      if (second >= seconds) {
        clearInterval(timer);
        resolve();
        return;
      }
      let result = results[second];
      if (result === undefined) {
        result = { admitted: loads.map(() => 0), came: loads.map(() => 0), lagMs: 0 };
        results[second] = result;
        at(second);
      }
      result.lagMs = Math.max(result.lagMs, now - before);
      for (const [which, load] of loads.entries())
        offer(clients, load, { which, result, ms: now - before, now });
      before = now;
    }, 1);
  });
  for (const client of clients) client.close();
  return results;
}

interface Slice {
  readonly which: number;
  readonly result: Second;
  readonly ms: number;
  readonly now: number;
}

function offer(
  clients: readonly Client[],
  { limit, perClient }: Load,
  { which, result, ms, now }: Slice,
): void {
  for (const [at, client] of clients.entries()) {
    for (let n = poisson(((perClient[at] ?? 0) * ms) / 1_000); n > 0; n--) {
      result.came[which] = (result.came[which] ?? 0) + 1;
      if (client.admits(limit, now)) result.admitted[which] = (result.admitted[which] ?? 0) + 1;
    }
  }
}

function poisson(mean: number): number {
  const limit = Math.exp(-mean);
  let count = 0;
  for (let product = Math.random(); product > limit; product *= Math.random()) count++;
  return count;
}
