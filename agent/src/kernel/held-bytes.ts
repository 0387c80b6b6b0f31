import { Buffer } from 'node:buffer';

const FIRST_CAPACITY = 1024;

/** Bytes put aside until more arrive: grows by doubling, so that a byte at a time costs no quadratic copying. */
export class HeldBytes {
  private memory: Uint8Array = EMPTY;
  length = 0;

  append(bytes: Uint8Array, start: number, end: number): void {
    const needed = this.length + end - start;
    if (needed > this.memory.length) this.grow(needed);
    this.memory.set(bytes.subarray(start, end), this.length);
    this.length = needed;
  }

  /** The bytes held so far; valid until the next append. */
  get bytes(): Uint8Array {
    return this.memory;
  }

  /** Bytes of memory that they take. */
  get memoryBytes(): number {
    return this.memory.length;
  }

  /** Hands the bytes over and forgets them, so that the taker may hold new bytes while it reads these. */
  take(): Uint8Array {
    const taken = this.memory.subarray(0, this.length);
    this.memory = EMPTY;
    this.length = 0;
    return taken;
  }

  private grow(needed: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(FIRST_CAPACITY, this.memory.length * 2, needed));
    larger.set(this.memory.subarray(0, this.length));
    this.memory = larger;
  }
}

const EMPTY = new Uint8Array(0);
