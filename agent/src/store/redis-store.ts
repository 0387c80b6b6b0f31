import type { LeaseAsk, LeaseGrant } from '@eastwall/policy';
import type { Cluster, Redis } from 'ioredis';
import { messageOf } from '../kernel/message-of.ts';
import { RecentPeak } from '../kernel/recent-peak.ts';
import { Breaker } from './breaker.ts';
import type { KeyName, KeyNames } from './key-names.ts';
import { LEASE_SCRIPT, LEASE_SCRIPT_SHA, readAnswer, scriptArguments } from './lease-script.ts';
import type { LeaseReply, LeaseStore, StoreStatus } from './lease-store.ts';

export interface StoreLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export interface RedisStoreOptions {
  readonly redis: Redis | Cluster;
  /** For people. */
  readonly address: string;
  readonly names: KeyNames;
  readonly timeoutMs: number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly log: StoreLog;
}

/** While it does not answer, Redis is tried so often. */
const PROBE_MS = 250;
/** Buckets per call of the script, which runs while nobody else is served. */
const MAX_CALL = 64;

/** How the client says that it has no connection. */
const UNSENT = /^(Stream isn't writeable|Cluster isn't ready|Connection is closed)/;

/** Refusals that another connection would hear as well. */
const NO_MATTER_OF_CONNECTION = /^(OOM|NOPERM|BUSY) /;

interface Call {
  readonly part: number;
  readonly keys: readonly string[];
  readonly asks: readonly LeaseAsk[];
}

/**
 * Buckets in Redis, shared by all agents. All asks of a tick go out together, one call of the script per part of the
 * key space, without waiting for each other.
 */
export class RedisStore implements LeaseStore {
  readonly #options: RedisStoreOptions;
  /** By part: in a cluster, one may be away while the others are there. */
  readonly #breakers = new Map<number, Breaker>();
  /** What the connection has last failed for. */
  #connection = 'not connected yet';
  #asks = 0;
  #failedAsks = 0;
  readonly #slowest = new RecentPeak();

  constructor(options: RedisStoreOptions) {
    this.#options = options;
    // Without a listener it is thrown. Calls fail by themselves meanwhile.
    options.redis.on('error', (error: Error) => {
      this.#connection = error.message;
    });
  }

  ask(asks: readonly LeaseAsk[], reply: (reply: LeaseReply) => void): void {
    this.#asks += asks.length;
    for (const call of this.#calls(asks)) {
      const { part } = call;
      if (!this.#breakerOf(part).mayAsk(this.#options.now())) this.#fail(call, reply);
      else
        this.#call(call).then(
          (grants) => {
            this.#succeeded(part);
            reply({ grants, failed: [] });
          },
          (error: unknown) => {
            this.#broken(part, error);
            this.#fail(call, reply);
          },
        );
    }
  }

  status(): StoreStatus {
    return {
      kind: 'redis',
      address: this.#options.address,
      problem: this.#whatIsWrong(),
      asks: this.#asks,
      failedAsks: this.#failedAsks,
      slowestMs: this.#slowest.of(this.#options.now()),
    };
  }

  close(): void {
    this.#options.redis.disconnect();
  }

  #whatIsWrong(): string | null {
    const now = this.#options.now();
    const open = [...this.#breakers.values()].filter((breaker) => breaker.open && breaker.askedLately(now));
    const [first] = open;
    if (first !== undefined)
      return `${open.length} of ${this.#breakers.size} parts do not answer: ${first.why}`;
    return this.#options.redis.status === 'ready' ? null : `no connection: ${this.#connection}`;
  }

  #calls(asks: readonly LeaseAsk[]): Call[] {
    const parts = new Map<number, { name: KeyName; ask: LeaseAsk }[]>();
    for (const ask of asks) {
      const name = this.#options.names.nameOf(ask.key);
      const part = parts.get(name.part);
      if (part === undefined) parts.set(name.part, [{ name, ask }]);
      else part.push({ name, ask });
    }
    return [...parts].flatMap(([part, members]) =>
      chunks(members).map((chunk) => ({
        part,
        keys: chunk.map(({ name }) => name.key),
        asks: chunk.map(({ ask }) => ask),
      })),
    );
  }

  async #call({ keys, asks }: Call): Promise<readonly LeaseGrant[]> {
    const { timeoutMs, now } = this.#options;
    const startedAt = now();
    const answer = await withDeadline(this.#evaluate(keys, scriptArguments(asks)), timeoutMs);
    const answeredAt = now();
    this.#slowest.note(answeredAt - startedAt, answeredAt);
    const grants = readAnswer(answer, asks);
    if (grants === null) throw new Error('the answer is none that the script gives');
    return grants;
  }

  /** The script is sent by its hash, and in full to a Redis that does not have it. */
  async #evaluate(keys: readonly string[], values: readonly string[]): Promise<unknown> {
    const { redis } = this.#options;
    try {
      return await redis.evalsha(LEASE_SCRIPT_SHA, keys.length, ...keys, ...values);
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
      return await redis.eval(LEASE_SCRIPT, keys.length, ...keys, ...values);
    }
  }

  #fail({ asks }: Call, reply: (reply: LeaseReply) => void): void {
    this.#failedAsks += asks.length;
    reply({ grants: [], failed: asks.map(({ bucket }) => bucket) });
  }

  #succeeded(part: number): void {
    const breaker = this.#breakerOf(part);
    if (breaker.open) this.#options.log.info({ part }, 'the store of limits answers again');
    breaker.succeeded();
    this.#connection = 'it was lost';
    if (this.#options.redis.isCluster) return;
    // Outside of a cluster the parts are one server: who answers for one does for all.
    for (const any of this.#breakers.values()) any.succeeded();
  }

  #broken(part: number, error: unknown): void {
    const why = this.#whyOf(error);
    if (!this.#breakerOf(part).failed(this.#options.now(), why)) return;
    this.#options.log.warn({ part, problem: why }, 'the store of limits does not answer');
    if (!NO_MATTER_OF_CONNECTION.test(why)) this.#startAfresh();
  }

  /** What was not sent says nothing of why there is no connection. */
  #whyOf(error: unknown): string {
    const message = messageOf(error);
    if (!UNSENT.test(message) && !NO_MATTER_OF_CONNECTION.test(message)) this.#connection = message;
    return UNSENT.test(message) ? this.#connection : message;
  }

  /**
   * A connection that is answered late or never is given up: what waits in it would be debited when nobody needs it any
   * more, and a sentinel may know another master by now. A cluster's client finds its way by itself.
   */
  #startAfresh(): void {
    const { redis } = this.#options;
    if (!redis.isCluster && redis.status === 'ready') redis.disconnect(true);
  }

  #breakerOf(part: number): Breaker {
    const breaker = this.#breakers.get(part) ?? new Breaker(PROBE_MS);
    this.#breakers.set(part, breaker);
    return breaker;
  }
}

function* chunksOf<T>(members: readonly T[]): Generator<T[]> {
  for (let start = 0; start < members.length; start += MAX_CALL) yield members.slice(start, start + MAX_CALL);
}
const chunks = <T>(members: readonly T[]): T[][] => [...chunksOf(members)];

/** The client's own timeout does not cover everything, such as redirections in a cluster. */
async function withDeadline<T>(answer: Promise<T>, timeoutMs: number): Promise<T> {
  const deadline = Promise.withResolvers<never>();
  const timer = setTimeout(() => deadline.reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
  try {
    return await Promise.race([answer, deadline.promise]);
  } finally {
    clearTimeout(timer);
  }
}
