/** Who takes a part of a turn of the event loop: a pod, for its connections. */
export interface Sharer {
  /** Nothing is read for it until `goOn`. */
  rest(): void;
  goOn(): void;
}

/** A pod for which a turn has worked so long comes again in the next one, behind those who have waited. */
const MAX_MS = 50;

/**
 * Shares turns of the event loop out among pods. In one turn libuv reads from every socket that has something to say; each
 * read may be some 20 ms of work, and a pod may have thousands of sockets. All others would wait for it.
 */
export class Turns {
  private readonly later: (callback: () => void) => void;
  private readonly meanwhile: (now: number) => void;
  private readonly spent = new Map<Sharer, number>();
  private readonly resting = new Set<Sharer>();
  private working: Sharer | null = null;
  private since = 0;

  /** `later`: at the end of the turn. `meanwhile`: what is due then, too, does not wait for that. */
  constructor(later: (callback: () => void) => void, meanwhile: (now: number) => void = () => {}) {
    this.later = later;
    this.meanwhile = meanwhile;
  }

  /** Works for `sharer` from now on; whoever it was before has taken the time until then. */
  take(sharer: Sharer, now: number): void {
    this.meanwhile(now);
    if (this.working === sharer && now - this.since < MAX_MS) return;
    if (this.working === null) this.later(this.end);
    else this.settle(this.working, now - this.since);
    this.working = sharer;
    this.since = now;
  }

  private settle(sharer: Sharer, ms: number): void {
    const spent = (this.spent.get(sharer) ?? 0) + ms;
    this.spent.set(sharer, spent);
    if (spent < MAX_MS || this.resting.has(sharer)) return;
    this.resting.add(sharer);
    sharer.rest();
  }

  private readonly end = (): void => {
    this.working = null;
    // Emptying makes a new table, also of an empty one, and this is in each turn.
    if (this.spent.size > 0) this.spent.clear();
    if (this.resting.size === 0) return;
    for (const sharer of this.resting) sharer.goOn();
    this.resting.clear();
  };
}
