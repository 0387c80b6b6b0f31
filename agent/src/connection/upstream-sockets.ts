import { closeFd } from '../kernel/libc.ts';

type Waiter = (fd: number | null) => void;

/** A pod that never calls anybody costs this many descriptors. */
const FIRST_BATCH = 8;
const BATCH = 64;
/** Ask again before the last socket is gone: a refill takes a few milliseconds. */
const LOW_WATER = 24;

/**
 * Unconnected sockets that capture made inside one pod's netns. This process can't make them: it has no capability
 * and stays in its own netns. Dialling takes one from the shelf and never waits, unless many connections come at once.
 */
export class UpstreamSockets {
  private readonly shelf: number[] = [];
  private readonly waiting: Waiter[] = [];
  private requested = 0;
  private readonly request: (count: number) => void;

  constructor(request: (count: number) => void) {
    this.request = request;
    this.ask(FIRST_BATCH);
  }

  /** Calls back with a descriptor, now or when the next batch comes; with null when there will be none. */
  take(waiter: Waiter): void {
    const fd = this.shelf.pop();
    if (fd === undefined) this.waiting.push(waiter);
    else waiter(fd);
    this.refill();
  }

  /** A batch from capture; fewer than asked for when the process or the netns is short of descriptors. */
  add(fds: readonly number[]): void {
    this.requested = Math.max(0, this.requested - fds.length);
    for (const fd of fds) {
      const waiter = this.waiting.shift();
      if (waiter === undefined) this.shelf.push(fd);
      else waiter(fd);
    }
    if (this.waiting.length > 0) this.refill();
  }

  /** The pod is gone: nobody will dial from it again. */
  close(): void {
    for (const fd of this.shelf) closeFd(fd);
    this.shelf.length = 0;
    for (const waiter of this.waiting.splice(0)) waiter(null);
  }

  private refill(): void {
    if (this.shelf.length + this.requested >= LOW_WATER + this.waiting.length) return;
    this.ask(BATCH * Math.ceil((this.waiting.length + 1) / BATCH));
  }

  private ask(count: number): void {
    this.requested += count;
    this.request(count);
  }
}
