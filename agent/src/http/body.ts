import { ChunkedReader, type ContentSink } from './chunked.ts';

const NONE = 0;
const LENGTH = 1;
const CHUNKED = 2;
const UNTIL_CLOSE = 3;

/** Finds the end of one message body; reused from message to message. */
export class BodyReader {
  private kind = NONE;
  private remaining = 0;
  private sink: ContentSink | null = null;
  private readonly chunks: ChunkedReader;

  /** `maybePadded`: see `ChunkedReader`. */
  constructor(maxTrailerBytes: number, maybePadded = false) {
    this.chunks = new ChunkedReader(maxTrailerBytes, maybePadded);
  }

  get done(): boolean {
    if (this.kind === CHUNKED) return this.chunks.done;
    return this.kind !== UNTIL_CLOSE && this.remaining === 0;
  }

  /** The body ends when the connection does (RFC 9112 §6.3, rule 8). */
  get endsWithConnection(): boolean {
    return this.kind === UNTIL_CLOSE;
  }

  /** Shows the content of the message that was begun last to `sink` as it is read; null for nobody. */
  show(sink: ContentSink | null): void {
    this.sink = sink;
    this.chunks.sink = sink;
  }

  none(): void {
    this.kind = NONE;
    this.remaining = 0;
  }

  length(bytes: number): void {
    this.kind = LENGTH;
    this.remaining = bytes;
  }

  chunked(): void {
    this.kind = CHUNKED;
    this.chunks.reset();
  }

  untilClose(): void {
    this.kind = UNTIL_CLOSE;
  }

  /** Reads on from `start`. Returns the offset reached (`end`, or where the body ended) or a fault code. */
  read(bytes: Uint8Array, start: number, end: number): number {
    if (this.kind === CHUNKED) return this.chunks.read(bytes, start, end);
    const taken = this.kind === UNTIL_CLOSE ? end - start : Math.min(this.remaining, end - start);
    if (this.kind === LENGTH) this.remaining -= taken;
    if (this.sink !== null && taken > 0) this.sink.content(bytes, start, start + taken);
    return start + taken;
  }
}
