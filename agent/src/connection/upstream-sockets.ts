import { closeFd } from '../kernel/libc.ts';

/** Whoever wants a socket. */
export interface Dialler {
  /** Null when there will be none. */
  dial(fd: number | null): void;
}

interface Waiting {
  readonly dialler: Dialler;
  readonly since: number;
}

/** A pod that never calls anybody costs this many descriptors. */
const FIRST_BATCH = 8;
const BATCH = 64;
/** Every order costs two threads and two processes a turn: who asks often gets more at a time. */
const LARGEST_BATCH = 192;
const OFTEN_MS = 100;
/** Ask again before the last socket is gone: a refill takes a few milliseconds. */
const LOW_WATER = 24;
/** An order that was not filled by then is lost (capture or this process was short of descriptors): order again. */
const ORDER_LOST_MS = 1_000;
/** Nobody is kept waiting longer; the caller gets a reset, as from an unreachable upstream. */
const MAX_WAIT_MS = 5_000;

export interface UpstreamSocketsOptions {
  order(count: number): void;
  /** Monotonic milliseconds. */
  now(): number;
}

/**
 * Unconnected sockets that capture made inside one pod's netns. This process can't make them: it has no capability
 * and stays in its own netns. Dialling takes one from the shelf and never waits, unless many connections come at once.
 */
export class UpstreamSockets {
  private readonly shelf: number[] = [];
  private waiting: Waiting[] = [];
  private ordered = 0;
  private orderedAt = 0;
  /** How many were ordered last; 0 before anybody has dialled. */
  private batch = 0;
  private readonly options: UpstreamSocketsOptions;

  constructor(options: UpstreamSocketsOptions) {
    this.options = options;
    this.order(FIRST_BATCH);
  }

  /** Descriptors on the shelf. */
  get size(): number {
    return this.shelf.length;
  }

  /** Hands over a descriptor, now or when the next batch comes. */
  take(dialler: Dialler): void {
    const fd = this.shelf.pop();
    if (fd === undefined) this.waiting.push({ dialler, since: this.options.now() });
    else dialler.dial(fd);
    this.refill();
  }

  /** A batch from capture; fewer than ordered when the process or the netns is short of descriptors. */
  add(fds: readonly number[]): void {
    this.ordered = Math.max(0, this.ordered - fds.length);
    for (const fd of fds) {
      const first = this.waiting.shift();
      if (first === undefined) this.shelf.push(fd);
      else first.dialler.dial(fd);
    }
    if (this.waiting.length > 0) this.refill();
  }

  /** Gives up on lost orders and on those who have waited too long; called every now and then. */
  checkDeadlines(): void {
    if (this.waiting.length === 0) return;
    const now = this.options.now();
    const late = this.waiting.filter(({ since }) => now - since > MAX_WAIT_MS);
    this.waiting = this.waiting.filter(({ since }) => now - since <= MAX_WAIT_MS);
    for (const { dialler } of late) dialler.dial(null);
    if (now - this.orderedAt > ORDER_LOST_MS) this.ordered = 0;
    this.refill();
  }

  /** The pod is gone: nobody will dial from it again. */
  close(): void {
    for (const fd of this.shelf) closeFd(fd);
    this.shelf.length = 0;
    for (const { dialler } of this.waiting.splice(0)) dialler.dial(null);
  }

  private refill(): void {
    if (this.shelf.length + this.ordered >= LOW_WATER + this.waiting.length) return;
    const often = this.batch > 0 && this.options.now() - this.orderedAt < OFTEN_MS;
    this.batch = often ? Math.min(LARGEST_BATCH, this.batch * 2) : BATCH;
    this.order(this.batch * Math.ceil((this.waiting.length + 1) / this.batch));
  }

  private order(count: number): void {
    this.ordered += count;
    this.orderedAt = this.options.now();
    this.options.order(count);
  }
}
