import { randomBytes } from 'node:crypto';
import type { Cluster, Redis } from 'ioredis';
import type { Clock } from '../kernel/clock.ts';
import { MinuteBudget } from '../kernel/minute-budget.ts';
import type { News } from '../record/news.ts';
import { SENDER_BYTES, type SealContext, seal, unseal } from './news-seal.ts';

/** What became of a message. */
export type NewsFate = 'sent' | 'unsent' | 'heard' | 'stale' | 'unreadable' | 'excess';

export interface NewsChannelOptions {
  /** One that speaks and one that listens: a connection that has subscribed can do nothing else. */
  readonly speaker: Redis | Cluster;
  readonly listener: Redis | Cluster;
  readonly prefix: string;
  readonly key: Uint8Array;
  readonly clock: Clock;
  readonly heard: (news: News) => void;
  readonly count: (fate: NewsFate) => void;
}

/** Messages that an agent sends, and hears from all others together; what is beyond is not looked at. */
export const MAX_SENT_PER_MINUTE = 600;
export const MAX_HEARD_PER_MINUTE = 10_000;
const SUBSCRIBE_MS = 5_000;

/**
 * News between nodes by publish and subscribe: nothing is kept in Redis, so nothing has to be cleaned up. Nobody waits,
 * and nothing is sent again: without Redis nodes only hear less of each other.
 */
export class NewsChannel {
  readonly #options: NewsChannelOptions;
  readonly #context: SealContext;
  readonly #sending = new MinuteBudget(MAX_SENT_PER_MINUTE);
  readonly #hearing = new MinuteBudget(MAX_HEARD_PER_MINUTE);
  readonly #timer: NodeJS.Timeout;

  constructor(options: NewsChannelOptions) {
    this.#options = options;
    const { speaker, listener, prefix, key } = options;
    this.#context = { key, channel: `${prefix}:news`, sender: randomBytes(SENDER_BYTES) };
    // Without a listener errors are thrown; whoever needs the connection finds out by itself.
    for (const redis of [speaker, listener]) redis.on('error', () => {});
    listener.on('messageBuffer', (_channel: Buffer, message: Buffer) => this.#hear(message));
    listener.on('ready', () => this.#subscribe());
    this.#timer = setInterval(() => this.#subscribe(), SUBSCRIBE_MS);
    this.#timer.unref();
  }

  publish(news: News): void {
    const { speaker, clock, count } = this.#options;
    if (speaker.status !== 'ready' || !this.#sending.spend(clock.monotonic())) {
      count('unsent');
      return;
    }
    speaker.publish(this.#context.channel, seal(this.#context, news, clock.now())).then(
      () => count('sent'),
      () => count('unsent'),
    );
  }

  close(): void {
    clearInterval(this.#timer);
    this.#options.speaker.disconnect();
    this.#options.listener.disconnect();
  }

  #hear(message: Uint8Array): void {
    const { clock, heard, count } = this.#options;
    if (!this.#hearing.spend(clock.monotonic())) {
      count('excess');
      return;
    }
    const news = unseal(this.#context, message, clock.now());
    if (!news.ok) count(news.error);
    else if (news.value !== null) {
      count('heard');
      heard(news.value);
    }
  }

  /** At each new connection, and again and again: one that has died silently hears nothing, as if there were no news. */
  #subscribe(): void {
    const { listener } = this.#options;
    if (listener.status !== 'ready') return;
    listener.subscribe(this.#context.channel).catch(() => {
      // A cluster's client finds its way by itself.
      if (!listener.isCluster && listener.status === 'ready') listener.disconnect(true);
    });
  }
}
