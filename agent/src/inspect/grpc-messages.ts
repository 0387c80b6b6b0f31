import { HeldBytes } from '../kernel/held-bytes.ts';
import { INSPECT_LIMITS } from './limits.ts';

/** Compressed flag and length, before each message. */
const PREFIX = 5;

export interface GrpcSink {
  /** One whole message; the bytes are valid during the call only. */
  message(bytes: Uint8Array, start: number, end: number): void;
  /** A message that is passed over: it is compressed, or longer than what is read of one. */
  skipped(why: 'compressed' | 'too_large'): void;
}

/** Cuts a gRPC body, which comes in pieces, into its messages. One that is all in a piece is not copied. */
export class GrpcMessages {
  readonly #sink: GrpcSink;
  readonly #prefix = new Uint8Array(PREFIX);
  #prefixLength = 0;
  /** Bytes of the message that are still to come; -1 while its prefix is. */
  #left = -1;
  #skipping = false;
  #held: HeldBytes | null = null;

  constructor(sink: GrpcSink) {
    this.#sink = sink;
  }

  /** Nothing of a message has come that has not come as a whole. */
  get isBetween(): boolean {
    return this.#left < 0 && this.#prefixLength === 0;
  }

  feed(bytes: Uint8Array, start: number, end: number): void {
    let at = start;
    while (at < end) {
      if (this.#left < 0) {
        this.#prefix[this.#prefixLength++] = bytes[at++] as number;
        if (this.#prefixLength === PREFIX) this.#begin();
        if (this.#left === 0) this.#give(bytes, at, at);
        continue;
      }
      const piece = Math.min(end, at + this.#left);
      this.#take(bytes, at, piece);
      at = piece;
    }
  }

  #begin(): void {
    const [flags = 0, a = 0, b = 0, c = 0, d = 0] = this.#prefix;
    this.#prefixLength = 0;
    this.#left = a * 2 ** 24 + b * 2 ** 16 + c * 2 ** 8 + d;
    const compressed = (flags & 1) !== 0;
    this.#skipping = compressed || this.#left > INSPECT_LIMITS.messageBytes;
    if (this.#skipping) this.#sink.skipped(compressed ? 'compressed' : 'too_large');
  }

  #take(bytes: Uint8Array, start: number, end: number): void {
    const whole = end - start === this.#left;
    if (whole && this.#held === null) {
      this.#give(bytes, start, end);
      return;
    }
    this.#left -= end - start;
    if (!this.#skipping) {
      this.#held ??= new HeldBytes();
      this.#held.append(bytes, start, end);
    }
    if (!whole) return;
    const held = this.#held?.take() ?? bytes;
    this.#held = null;
    this.#give(held, 0, this.#skipping ? 0 : held.length);
  }

  #give(bytes: Uint8Array, start: number, end: number): void {
    const skipped = this.#skipping;
    this.#left = -1;
    this.#skipping = false;
    if (!skipped) this.#sink.message(bytes, start, end);
  }
}
