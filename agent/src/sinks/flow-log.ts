import type { FlowRecord } from '../record/record.ts';
import { type FlowFilter, matches } from './flow-filter.ts';

export interface FlowLogLimits {
  /** Records kept for `find` and `since`. */
  readonly capacity: number;
  readonly maxSubscribers: number;
  /** Records that wait for one subscriber. */
  readonly queue: number;
}

/** One reader of new records. `take` empties its queue and says how many records it has lost since the last time. */
export interface Subscription {
  take(): { readonly records: readonly FlowRecord[]; readonly dropped: number };
  close(): void;
}

interface Subscriber {
  readonly filter: FlowFilter;
  readonly wake: () => void;
  queue: FlowRecord[];
  dropped: number;
}

/**
 * The last records of this node, and those who follow them. A slow reader loses records, which are counted; it never
 * holds up the others or the dataplanes.
 */
export class FlowLog {
  readonly #limits: FlowLogLimits;
  readonly #onWantAll: (on: boolean) => void;
  readonly #ring: FlowRecord[] = [];
  #oldest = 0;
  readonly #byId = new Map<string, FlowRecord>();
  readonly #subscribers = new Set<Subscriber>();
  #wantsAll = false;
  #dropped = 0;

  /** `onWantAll` hears when the first subscriber wants plainly allowed exchanges too, and when the last has gone. */
  constructor(limits: FlowLogLimits, onWantAll: (on: boolean) => void) {
    this.#limits = limits;
    this.#onWantAll = onWantAll;
  }

  append(records: readonly FlowRecord[]): void {
    for (const record of records) {
      this.#keep(record);
      for (const subscriber of this.#subscribers) this.#offer(subscriber, record);
    }
  }

  find(id: string): FlowRecord | null {
    return this.#byId.get(id) ?? null;
  }

  /** Kept records from `time` (ms since the epoch) on that the filter lets through, oldest first. */
  since(time: number, filter: FlowFilter): FlowRecord[] {
    const found: FlowRecord[] = [];
    for (let step = 0; step < this.#ring.length; step++) {
      const record = this.#ring[(this.#oldest + step) % this.#ring.length];
      if (record !== undefined && record.time >= time && matches(filter, record)) found.push(record);
    }
    // Dataplanes report in batches and by the end of an exchange, so arrival is not the order in which they began.
    return found.sort((a, b) => a.time - b.time);
  }

  /** True while there is no room for one more subscriber. */
  get full(): boolean {
    return this.#subscribers.size >= this.#limits.maxSubscribers;
  }

  /**
   * `wake` is called once per filling of an empty queue; the subscriber then calls `take`, at once or later. Throws
   * when the log is full.
   */
  subscribe(filter: FlowFilter, wake: () => void): Subscription {
    if (this.full) throw new RangeError(`more than ${this.#limits.maxSubscribers} subscribers`);
    const subscriber: Subscriber = { filter, wake, queue: [], dropped: 0 };
    this.#subscribers.add(subscriber);
    this.#updateWantsAll();
    return {
      take: () => takeFrom(subscriber),
      close: () => {
        this.#subscribers.delete(subscriber);
        this.#updateWantsAll();
      },
    };
  }

  get counts(): { readonly kept: number; readonly subscribers: number; readonly dropped: number } {
    return { kept: this.#ring.length, subscribers: this.#subscribers.size, dropped: this.#dropped };
  }

  #keep(record: FlowRecord): void {
    if (this.#ring.length < this.#limits.capacity) {
      this.#ring.push(record);
    } else {
      const evicted = this.#ring[this.#oldest];
      if (evicted !== undefined && this.#byId.get(evicted.id) === evicted) this.#byId.delete(evicted.id);
      this.#ring[this.#oldest] = record;
      this.#oldest = (this.#oldest + 1) % this.#limits.capacity;
    }
    this.#byId.set(record.id, record);
  }

  #offer(subscriber: Subscriber, record: FlowRecord): void {
    if (!matches(subscriber.filter, record)) return;
    if (subscriber.queue.length >= this.#limits.queue) {
      subscriber.dropped++;
      this.#dropped++;
      return;
    }
    subscriber.queue.push(record);
    if (subscriber.queue.length === 1) subscriber.wake();
  }

  #updateWantsAll(): void {
    let wanted = false;
    for (const { filter } of this.#subscribers) wanted ||= filter.all;
    if (wanted === this.#wantsAll) return;
    this.#wantsAll = wanted;
    this.#onWantAll(wanted);
  }
}

function takeFrom(subscriber: Subscriber): { records: FlowRecord[]; dropped: number } {
  const taken = { records: subscriber.queue, dropped: subscriber.dropped };
  subscriber.queue = [];
  subscriber.dropped = 0;
  return taken;
}
