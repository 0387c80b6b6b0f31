import { COLON, CR, FIELD_VALUE, HEX, HTAB, LF, SP, TOKEN } from './chars.ts';
import { faultCode } from './fault.ts';

const SIZE = 0;
const EXTENSION = 1;
const SIZE_LF = 2;
const DATA = 3;
const DATA_CR = 4;
const DATA_LF = 5;
const TRAILER_START = 6;
const TRAILER = 7;
const TRAILER_LF = 8;
const END_LF = 9;
const DONE = 10;
const PADDING = 11;
const TRAILER_NAME = 12;

const SEMICOLON = 59;
const BAD_CHUNK = faultCode('bad_chunk');
/** 13 hex digits are 52 bits: always a safe integer. */
const MAX_SIZE_DIGITS = 13;
/** Extensions are dead weight in practice and a known flooding vector; per chunk, with the white space before them. */
const MAX_EXTENSION_BYTES = 1024;

/** Is shown what a body holds, without its framing, piece by piece. The bytes are only valid during the call. */
export interface ContentSink {
  content(bytes: Uint8Array, start: number, end: number): void;
}

/**
 * Follows a chunked body (RFC 9112 §7.1) without changing a byte: it only finds where the body ends.
 * Strict: plain hex sizes, CRLF everywhere, bounded extensions and trailers, which must be field lines: a line that is
 * none may be the next request to a server that knows of no trailers.
 */
export class ChunkedReader {
  sink: ContentSink | null = null;
  private state = SIZE;
  private remaining = 0;
  private digits = 0;
  /** Bytes spent on the current extension or on all trailers, against their bounds. */
  private overhead = 0;

  private readonly maxTrailerBytes: number;
  private readonly maybePadded: boolean;

  /**
   * With `maybePadded`, white space may follow a size, as some servers send it. Who takes it takes it for the same size
   * (RFC 9112 §7.1.1 has it before an extension), and others give up.
   */
  constructor(maxTrailerBytes: number, maybePadded = false) {
    this.maxTrailerBytes = maxTrailerBytes;
    this.maybePadded = maybePadded;
  }

  get done(): boolean {
    return this.state === DONE;
  }

  reset(): void {
    this.state = SIZE;
    this.remaining = 0;
    this.digits = 0;
    this.overhead = 0;
  }

  /** Reads on from `start`. Returns the offset reached (`end`, or where the body ended) or a fault code. */
  read(bytes: Uint8Array, start: number, end: number): number {
    let pos = start;
    while (pos < end && this.state !== DONE) {
      if (this.state === DATA) {
        const taken = Math.min(this.remaining, end - pos);
        this.remaining -= taken;
        if (this.sink !== null) this.sink.content(bytes, pos, pos + taken);
        pos += taken;
        if (this.remaining === 0) this.state = DATA_CR;
      } else if (!this.accept(bytes[pos++] as number)) return BAD_CHUNK;
    }
    return pos;
  }

  /** One byte outside chunk data. */
  private accept(byte: number): boolean {
    switch (this.state) {
      case SIZE:
        return this.size(byte);
      case PADDING:
        return this.sizeEnd(byte);
      case EXTENSION:
        if (byte === CR) return this.enter(SIZE_LF);
        return FIELD_VALUE[byte] === 1 && ++this.overhead <= MAX_EXTENSION_BYTES;
      case SIZE_LF:
        return byte === LF && this.startChunk();
      case DATA_CR:
        return byte === CR && this.enter(DATA_LF);
      case DATA_LF:
        this.digits = 0;
        return byte === LF && this.enter(SIZE);
      default:
        return this.trailer(byte);
    }
  }

  private size(byte: number): boolean {
    const digit = HEX[byte] as number;
    if (digit !== 255) {
      this.remaining = this.remaining * 16 + digit;
      return ++this.digits <= MAX_SIZE_DIGITS;
    }
    if (this.digits === 0) return false;
    this.overhead = 0;
    return this.sizeEnd(byte);
  }

  private sizeEnd(byte: number): boolean {
    if (byte === CR) return this.enter(SIZE_LF);
    if (byte === SEMICOLON) return this.enter(EXTENSION);
    if (!this.maybePadded || (byte !== SP && byte !== HTAB)) return false;
    return ++this.overhead <= MAX_EXTENSION_BYTES && this.enter(PADDING);
  }

  private startChunk(): boolean {
    this.overhead = 0;
    return this.enter(this.remaining === 0 ? TRAILER_START : DATA);
  }

  private trailer(byte: number): boolean {
    if (++this.overhead > this.maxTrailerBytes) return false;
    switch (this.state) {
      case TRAILER_START:
        if (byte === CR) return this.enter(END_LF);
        return TOKEN[byte] === 1 && this.enter(TRAILER_NAME);
      case TRAILER_NAME:
        return TOKEN[byte] === 1 || (byte === COLON && this.enter(TRAILER));
      case TRAILER:
        return byte === CR ? this.enter(TRAILER_LF) : FIELD_VALUE[byte] === 1;
      case TRAILER_LF:
        return byte === LF && this.enter(TRAILER_START);
      default:
        return byte === LF && this.enter(DONE);
    }
  }

  private enter(state: number): true {
    this.state = state;
    return true;
  }
}
