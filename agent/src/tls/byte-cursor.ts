/**
 * Reads numbers and length-prefixed vectors one after another. Reading past the end gives zeros and clears `ok`, so a
 * parser may read on and ask once.
 */
export class ByteCursor {
  readonly bytes: Uint8Array;
  pos: number;
  readonly end: number;
  ok = true;

  constructor(bytes: Uint8Array, start: number, end: number) {
    this.bytes = bytes;
    this.pos = start;
    this.end = end;
  }

  /** Nothing is left, or nothing can be read any more: loops over a broken vector end. */
  get atEnd(): boolean {
    return this.pos === this.end || !this.ok;
  }

  fail(): void {
    this.ok = false;
  }

  uint8(): number {
    return this.take(1) ? (this.bytes[this.pos - 1] as number) : 0;
  }

  uint16(): number {
    if (!this.take(2)) return 0;
    return ((this.bytes[this.pos - 2] as number) << 8) | (this.bytes[this.pos - 1] as number);
  }

  skip(count: number): void {
    this.take(count);
  }

  /** A vector whose length is given in that many bytes. Empty, and failed, when it does not fit. */
  vector(lengthBytes: 1 | 2): ByteCursor {
    const length = lengthBytes === 1 ? this.uint8() : this.uint16();
    const fits = this.take(length);
    const inner = new ByteCursor(this.bytes, fits ? this.pos - length : this.end, fits ? this.pos : this.end);
    inner.ok = fits && this.ok;
    return inner;
  }

  private take(count: number): boolean {
    if (!this.ok || count > this.end - this.pos) {
      this.ok = false;
      return false;
    }
    this.pos += count;
    return true;
  }
}
