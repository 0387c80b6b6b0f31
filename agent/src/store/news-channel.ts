import { createHmac, randomBytes } from 'node:crypto';
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
  /** Those that have a pod on this node, by namespace, kind and name. */
  readonly workloads: () => Iterable<string>;
  readonly heard: (news: News) => void;
  readonly count: (fate: NewsFate) => void;
}

/** Messages that an agent sends, and hears from all others together; what is beyond is not looked at. */
export const MAX_SENT_PER_MINUTE = 3_000;
export const MAX_HEARD_PER_MINUTE = 10_000;
/** For how long a message that could not be sent says that none can. */
const UNSENT_MS = 60_000;
/** How often it is made sure that the right channels are listened to. */
const FOLLOW_MS = 5_000;

/**
 * News between nodes by publish and subscribe: nothing is kept in Redis, so nothing has to be cleaned up. Nobody waits,
 * and nothing is sent again: without Redis nodes only hear less of each other. What a workload was shown goes through a
 * channel of its own, to the nodes that have a pod of it; who uses which credential goes to all.
 */
export class NewsChannel {
  readonly #options: NewsChannelOptions;
  readonly #sender = randomBytes(SENDER_BYTES);
  readonly #sending = new MinuteBudget(MAX_SENT_PER_MINUTE);
  readonly #hearing = new MinuteBudget(MAX_HEARD_PER_MINUTE);
  readonly #timer: NodeJS.Timeout;
  #followed: ReadonlySet<string> = new Set();
  /** What a connection has last failed for. */
  #connection = 'not connected yet';
  /** Why nobody is heard; null when the right channels are listened to. */
  #deaf: string | null = null;
  #unsent: { readonly why: string; readonly at: number } | null = null;

  constructor(options: NewsChannelOptions) {
    this.#options = options;
    const { speaker, listener } = options;
    // Without a listener errors are thrown; whoever needs the connection finds out by itself.
    for (const redis of [speaker, listener])
      redis.on('error', ({ message }: Error) => {
        this.#connection = message;
      });
    listener.on('messageBuffer', (channel: Buffer, message: Buffer) => this.#hear(`${channel}`, message));
    listener.on('ready', () => this.#follow());
    this.#timer = setInterval(() => this.#follow(), FOLLOW_MS);
    this.#timer.unref();
  }

  /** Why nodes hear less of each other than they should; null when they do not. */
  get problem(): string | null {
    if (this.#deaf !== null) return `can't listen: ${this.#deaf}`;
    const { speaker, listener, clock } = this.#options;
    if (speaker.status !== 'ready' || listener.status !== 'ready')
      return `no connection: ${this.#connection}`;
    if (this.#unsent === null || clock.monotonic() - this.#unsent.at >= UNSENT_MS) return null;
    return `can't tell: ${this.#unsent.why}`;
  }

  publish({ shown, uses }: News): void {
    if (uses.length > 0) this.#send(this.#channelOf(null), { shown: [], uses });
    for (const one of shown) this.#send(this.#channelOf(one.workload), { shown: [one], uses: [] });
  }

  close(): void {
    clearInterval(this.#timer);
    this.#options.speaker.disconnect();
    this.#options.listener.disconnect();
  }

  #send(channel: string, news: News): void {
    const { speaker, clock, count } = this.#options;
    if (speaker.status !== 'ready' || !this.#sending.spend(clock.monotonic())) {
      count('unsent');
      return;
    }
    speaker.publish(channel, seal(this.#contextOf(channel), news, clock.now())).then(
      () => {
        this.#unsent = null;
        count('sent');
      },
      ({ message }: Error) => {
        this.#unsent = { why: message, at: clock.monotonic() };
        count('unsent');
      },
    );
  }

  #hear(channel: string, message: Uint8Array): void {
    const { clock, heard, count } = this.#options;
    if (!this.#hearing.spend(clock.monotonic())) {
      count('excess');
      return;
    }
    const news = unseal(this.#contextOf(channel), message, clock.now());
    if (!news.ok) count(news.error);
    else if (news.value !== null) {
      count('heard');
      heard(news.value);
    }
  }

  /**
   * At each new connection, and again and again: workloads come and go, and a connection that has died silently hears
   * nothing, as if there were no news.
   */
  #follow(): void {
    const { listener, workloads } = this.#options;
    if (listener.status !== 'ready') return;
    const channels = new Set([this.#channelOf(null)]);
    for (const workload of workloads()) channels.add(this.#channelOf(workload));
    const left = [...this.#followed].filter((channel) => !channels.has(channel));
    this.#followed = channels;
    if (left.length > 0) listener.unsubscribe(...left).catch(() => this.#startAfresh());
    listener.subscribe(...channels).then(
      () => {
        this.#deaf = null;
      },
      ({ message }: Error) => {
        // Without a connection there is more to say than that.
        if (listener.status === 'ready') this.#deaf = message;
        this.#startAfresh();
      },
    );
  }

  /** A cluster's client finds its way by itself. */
  #startAfresh(): void {
    const { listener } = this.#options;
    if (!listener.isCluster && listener.status === 'ready') listener.disconnect(true);
  }

  /** Of a workload, or the one for all. Names are nobody's business who reads the store. */
  #channelOf(workload: string | null): string {
    const { prefix, key } = this.#options;
    if (workload === null) return `${prefix}:news`;
    return `${prefix}:news:${createHmac('sha256', key).update(workload).digest('base64url').slice(0, 22)}`;
  }

  #contextOf(channel: string): SealContext {
    return { key: this.#options.key, channel, sender: this.#sender };
  }
}
