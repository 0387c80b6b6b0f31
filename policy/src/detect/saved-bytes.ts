/** Writes numbers one after the other, little-endian. */
export class ByteWriter {
  #bytes = new Uint8Array(1_024);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  u8(value: number): void {
    const at = this.#take(1);
    this.#view.setUint8(at, value);
  }

  u32(value: number): void {
    const at = this.#take(4);
    this.#view.setUint32(at, value, true);
  }

  f64(value: number): void {
    const at = this.#take(8);
    this.#view.setFloat64(at, value, true);
  }

  bytes(bytes: Uint8Array): void {
    const at = this.#take(bytes.length);
    this.#bytes.set(bytes, at);
  }

  written(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Makes room, so it comes before anything else is looked at. */
  #take(count: number): number {
    const at = this.#length;
    this.#length += count;
    if (this.#length <= this.#bytes.length) return at;
    const grown = new Uint8Array(Math.max(this.#length, 2 * this.#bytes.length));
    grown.set(this.#bytes);
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
    return at;
  }
}

/** Reads them back. Beyond the end it is all zeros. */
export class ByteReader {
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /** Bytes that were not read yet. */
  get left(): number {
    return Math.max(0, this.#view.byteLength - this.#at);
  }

  u8(): number {
    const at = this.#take(1);
    return at < 0 ? 0 : this.#view.getUint8(at);
  }

  u32(): number {
    const at = this.#take(4);
    return at < 0 ? 0 : this.#view.getUint32(at, true);
  }

  /** 0 for what is no number. */
  f64(): number {
    const at = this.#take(8);
    const value = at < 0 ? 0 : this.#view.getFloat64(at, true);
    return Number.isFinite(value) ? value : 0;
  }

  bytes(into: Uint8Array): void {
    const at = this.#take(into.length);
    if (at >= 0) into.set(new Uint8Array(this.#view.buffer, this.#view.byteOffset + at, into.length));
  }

  /** Where the next `count` bytes are; -1 when there are not so many. */
  #take(count: number): number {
    const at = this.#at;
    this.#at += count;
    return this.#at <= this.#view.byteLength ? at : -1;
  }
}
