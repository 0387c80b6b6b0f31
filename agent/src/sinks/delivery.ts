import { Backoff } from '../kernel/backoff.ts';
import { pause } from '../kernel/pause.ts';
import type { SinkCounts } from './sink-counts.ts';
import { type Batch, type BatchLimits, Spool } from './spool.ts';

/** What a receiver made of some events. */
export type Answer =
  /** `refused`: how many of them it did not want all the same. */
  | { readonly kind: 'taken'; readonly refused: number }
  | { readonly kind: 'later'; readonly why: string; readonly afterMs: number | null }
  | { readonly kind: 'refused'; readonly why: string }
  | { readonly kind: 'too-many'; readonly why: string };

/** Sends lines to a receiver. It gives up by itself in the end, and does not throw. */
export type Post = (lines: readonly string[], signal: AbortSignal) => Promise<Answer>;

export interface DeliveryLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export interface DeliveryOptions {
  readonly directory: string;
  readonly maxBytes: number;
  readonly batch: BatchLimits;
  /** How long events wait for others, so that they travel together. */
  readonly lingerMs: number;
  readonly maxRetryDelayMs: number;
  /** How often to look for what other agents have left. */
  readonly adoptMs?: number;
  readonly post: Post;
  readonly counts: SinkCounts;
  readonly log: DeliveryLog;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

const FIRST_RETRY_MS = 500;
/** However long a receiver asks us to wait. */
const MAX_RETRY_AFTER_MS = 10 * 60_000;
const ADOPT_MS = 30_000;

/** Brings lines to a receiver, in batches, at least once each, for as long as it takes. */
export class Delivery {
  readonly #options: DeliveryOptions;
  readonly #spool: Spool;
  readonly #backoff: Backoff;
  readonly #stop = new AbortController();
  /** Nothing lingers any longer. */
  readonly #flush = new AbortController();
  readonly #adopting: NodeJS.Timeout;
  #wake: () => void = () => {};
  #events: number;
  #running: Promise<void>;

  constructor(options: DeliveryOptions) {
    this.#options = options;
    const { directory, maxBytes, counts, maxRetryDelayMs, adoptMs = ADOPT_MS, random } = options;
    this.#spool = new Spool({ directory, maxBytes, counts, onLines: () => this.#wake() });
    this.#backoff = new Backoff({ firstMs: FIRST_RETRY_MS, maxMs: maxRetryDelayMs, random });
    this.#events = options.batch.events;
    this.#adopting = setInterval(() => void this.#spool.adopt(), adoptMs).unref();
    void this.#spool.adopt();
    this.#running = this.#run();
  }

  get waitingBytes(): number {
    return this.#spool.bytes;
  }

  append(line: string): void {
    this.#spool.append(line);
  }

  /** Tries to deliver what waits until `graceMs` are over; the rest is for the next agent. */
  async close(graceMs: number): Promise<void> {
    clearInterval(this.#adopting);
    this.#flush.abort();
    this.#wake();
    const grace = setTimeout(() => this.#stop.abort(), graceMs);
    await this.#running;
    clearTimeout(grace);
    await this.#spool.close();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const woken = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      // Asked before: what comes until then is still delivered.
      const isLast = this.#flush.signal.aborted;
      const batch = await this.#next();
      if (batch !== null) await this.#deliver(batch);
      else if (isLast) return;
      else {
        await woken;
        await pause(this.#options.lingerMs, this.#flush.signal);
      }
    }
  }

  #next(): Promise<Batch | null> {
    return this.#spool.next({ events: this.#events, bytes: this.#options.batch.bytes });
  }

  async #deliver(batch: Batch): Promise<void> {
    const { counts, post, log } = this.#options;
    const { sink } = counts;
    const { length } = batch.lines;
    const answer = await post(batch.lines, this.#stop.signal);
    switch (answer.kind) {
      case 'taken':
        this.#taken(length, Math.min(answer.refused, length));
        await this.#spool.done(batch);
        break;
      case 'too-many':
        if (length === 1) await this.#giveUp(batch, answer.why);
        else this.#events = Math.ceil(length / 2);
        break;
      case 'refused':
        await this.#giveUp(batch, answer.why);
        break;
      case 'later':
        if (counts.receiverProblem === null)
          log.warn({ sink, why: answer.why }, 'events can not be delivered, and wait');
        counts.receiverProblem = answer.why;
        counts.retries++;
        await this.#wait(answer.afterMs ?? 0);
        break;
    }
  }

  #taken(length: number, refused: number): void {
    const { counts, batch, log } = this.#options;
    counts.delivered += length - refused;
    counts.drop('refused', refused);
    if (counts.receiverProblem !== null) log.info({ sink: counts.sink }, 'events are delivered again');
    counts.receiverProblem = null;
    this.#events = batch.events;
    this.#backoff.reset();
  }

  async #giveUp(batch: Batch, why: string): Promise<void> {
    const { counts, log } = this.#options;
    const { length } = batch.lines;
    counts.drop('refused', length);
    counts.receiverProblem = why;
    log.warn({ sink: counts.sink, events: length, why }, 'events dropped, since the receiver refuses them');
    await this.#spool.done(batch);
  }

  /** At least as long as the receiver asks for. */
  #wait(afterMs: number): Promise<void> {
    const ms = Math.max(this.#backoff.next(), Math.min(afterMs, MAX_RETRY_AFTER_MS));
    return pause(ms, this.#stop.signal);
  }
}
