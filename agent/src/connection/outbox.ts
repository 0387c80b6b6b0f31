/** Who has small writes put off; told where they stand once it is time to send them. */
export interface Sender {
  sendPutOff(start: number, end: number): void;
}

/** Longer writes cost more to copy than sending them together gains. */
const MAX_WRITE = 2_048;
/** So that the first to be put off does not wait for much: a turn of a busy process may read from a thousand sockets. */
const MAX_WRITES = 32;
/** Whoever slept for longer than these milliseconds before a turn has time to spare. */
const RESTED_MS = 0.05;

export interface OutboxOptions {
  /** For what is put off from `base` on, and before that for what is read. */
  readonly arena: Uint8Array;
  readonly base: number;
  /** Calls back at the end of the turn. */
  readonly later: (callback: () => void) => void;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

/**
 * Small writes of one turn of the event loop, sent together at its end. Alternating between JavaScript and the kernel's
 * sending side evicts the caches of both, and peers on other cores are woken once for each: CPU of a kept-alive GET is a
 * sixth less this way (bench/README.md).
 *
 * What that costs is time: the peer of the first begins only when the last has been read. A process that has slept has CPU to
 * spare, so that in the turn after it the first write is not put off, and then two are sent together, four, and so on: peers
 * wake up meanwhile, which a long turn pays for only a few times.
 *
 * INVARIANT: what senders put off is sent in the order in which it was put off. A sender that writes otherwise, or ends,
 * sends first.
 */
export class Outbox {
  private readonly arena: Uint8Array;
  private readonly base: number;
  private readonly later: (callback: () => void) => void;
  private readonly now: () => number;
  private readonly senders: Sender[] = [];
  /** Where each begins, and behind the last one where that ends. */
  private readonly spots: number[];
  private count = 0;
  /** The next one to be sent: senders that fail may come back here while others wait for their turn. */
  private next = 0;
  private awaited = false;
  /** When the last turn with a small write was over; long ones alone leave no trace, and look like sleep. */
  private ended = 0;
  /** So many are sent together next. */
  private batch = MAX_WRITES;

  constructor({ arena, base, later, now }: OutboxOptions) {
    this.arena = arena;
    this.base = base;
    this.later = later;
    this.now = now;
    this.spots = [base];
  }

  /** Whether that part of the arena was put off; false when it is to be sent at once. */
  putOff(sender: Sender, start: number, end: number): boolean {
    const length = end - start;
    if (length > MAX_WRITE) return false;
    if (!this.awaited && this.beginTurn() === 'rested') return false;
    if (this.end + length > this.arena.length) this.send();
    if (!this.isLast(sender)) this.begin(sender);
    this.arena.copyWithin(this.end, start, end);
    this.spots[this.count] = this.end + length;
    return true;
  }

  /** Sends all of it now. */
  send(): void {
    while (this.next < this.count) {
      const each = this.next++;
      this.senders[each]?.sendPutOff(this.spots[each] ?? 0, this.spots[each + 1] ?? 0);
    }
    this.count = 0;
    this.next = 0;
    this.spots[0] = this.base;
  }

  /** What it writes now follows directly. */
  private isLast(sender: Sender): boolean {
    return this.next < this.count && this.senders[this.count - 1] === sender;
  }

  private begin(sender: Sender): void {
    if (this.count >= this.batch) this.sendBatch();
    this.senders[this.count++] = sender;
    this.spots[this.count] = this.spots[this.count - 1] ?? this.base;
  }

  private beginTurn(): 'rested' | 'busy' {
    this.awaited = true;
    this.later(this.endTurn);
    const rested = this.now() - this.ended > RESTED_MS;
    this.batch = rested ? 2 : MAX_WRITES;
    return rested ? 'rested' : 'busy';
  }

  private sendBatch(): void {
    this.batch = Math.min(2 * this.batch, MAX_WRITES);
    this.send();
  }

  private get end(): number {
    return this.spots[this.count] ?? this.base;
  }

  private readonly endTurn = (): void => {
    this.awaited = false;
    this.send();
    this.ended = this.now();
  };
}
