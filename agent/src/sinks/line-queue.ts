import type { SinkCounts } from './sink-counts.ts';

/** What waits to be written or is being written; far more than comes while a disk takes a write. */
const MAX_BYTES = 1 << 20;

export interface TakenLines {
  readonly lines: readonly string[];
  readonly bytes: number;
}

/** Lines on their way to the disk, as many as may be in memory. */
export class LineQueue {
  readonly #counts: SinkCounts;
  #lines: string[] = [];
  #waitingBytes = 0;
  #takenBytes = 0;

  constructor(counts: SinkCounts) {
    this.#counts = counts;
  }

  /** Bytes in memory, newlines included. */
  get bytes(): number {
    return this.#waitingBytes + this.#takenBytes;
  }

  /** Takes a line in; without room for it drops and counts it, and is false. */
  put(line: string): boolean {
    const bytes = sizeOf(line);
    if (this.bytes + bytes > MAX_BYTES) {
      this.#counts.drop('queue_full', 1);
      return false;
    }
    this.#lines.push(line);
    this.#waitingBytes += bytes;
    return true;
  }

  /** All that wait. They keep their room until they are `settled`. */
  take(): TakenLines {
    const taken = { lines: this.#lines, bytes: this.#waitingBytes };
    this.#takenBytes += taken.bytes;
    this.#lines = [];
    this.#waitingBytes = 0;
    return taken;
  }

  /** So much of what was taken is written, or lost. */
  settled(bytes: number): void {
    this.#takenBytes -= bytes;
  }
}

/** In a file, with its newline. */
export const sizeOf = (line: string): number => Buffer.byteLength(line) + 1;
