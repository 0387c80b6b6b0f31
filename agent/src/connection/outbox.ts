/** Who has small writes put off; told where they stand once it is time to send them. */
export interface Sender {
  sendPutOff(start: number, end: number): void;
}

/** Longer writes cost more to copy than sending them together gains. */
const MAX_WRITE = 2_048;
/** So that the first to be put off does not wait for much: a turn of a busy process may read from a thousand sockets. */
const MAX_WRITES = 32;

/**
 * Small writes of one turn of the event loop, sent together at its end. Alternating between JavaScript and the kernel's
 * sending side evicts the caches of both, and peers on other cores are woken once for each: CPU of a kept-alive GET is a
 * sixth less this way (bench/README.md).
 *
 * INVARIANT: what senders put off is sent in the order in which it was put off. A sender that writes otherwise, or ends,
 * sends first.
 */
export class Outbox {
  private readonly arena: Uint8Array;
  private readonly base: number;
  private readonly later: (callback: () => void) => void;
  private readonly senders: Sender[] = [];
  /** Where each begins, and behind the last one where that ends. */
  private readonly spots: number[];
  private count = 0;
  /** The next one to be sent: senders that fail may come back here while others wait for their turn. */
  private next = 0;
  private awaited = false;

  /** `arena` from `base` on is for what is put off, and before that what is read. `later`: at the end of the turn. */
  constructor(arena: Uint8Array, base: number, later: (callback: () => void) => void) {
    this.arena = arena;
    this.base = base;
    this.later = later;
    this.spots = [base];
  }

  /** Whether that part of the arena was put off; false when it is to be sent at once. */
  putOff(sender: Sender, start: number, end: number): boolean {
    const length = end - start;
    if (length > MAX_WRITE) return false;
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
    if (this.count === MAX_WRITES) this.send();
    this.senders[this.count++] = sender;
    this.spots[this.count] = this.spots[this.count - 1] ?? this.base;
    if (this.awaited) return;
    this.awaited = true;
    this.later(this.endTurn);
  }

  private get end(): number {
    return this.spots[this.count] ?? this.base;
  }

  private readonly endTurn = (): void => {
    this.awaited = false;
    this.send();
  };
}
