import { copyOf } from '../kernel/bytes.ts';
import { HeldBytes } from '../kernel/held-bytes.ts';
import type { Upload } from '../kernel/upload-pace.ts';
import {
  type ConnectionFault,
  FLAG,
  FRAME,
  FRAME_HEAD,
  MIN_MAX_FRAME,
  PREFACE,
  uint31,
  uint32,
} from './frame.ts';
import { controlFault, readPadding, stripHeaders } from './frame-rules.ts';
import type { H2Limits } from './limits.ts';

/** The frame that a sink is asked about. One object serves a whole direction; only valid during the call. */
export class CurrentFrame {
  type = 0;
  flags = 0;
  streamId = 0;
  /** Payload bytes, padding included: what flow control counts. For HEADERS, those of the first frame. */
  length = 0;
  /** Padding of a DATA frame with its length byte. */
  padding = 0;
  /** For DATA: the sink sets it to be given the payload, whether it goes on or not. */
  showing = false;
  /** All bytes on the wire; for HEADERS, with the CONTINUATION frames. */
  wireLength = 0;
  /** The payload of a control frame, or the joined header block without padding and priority. */
  bytes: Uint8Array = PREFACE;
  start = 0;
  end = 0;

  get endsStream(): boolean {
    return (this.flags & FLAG.endStream) !== 0;
  }

  get isAck(): boolean {
    return (this.flags & FLAG.ack) !== 0;
  }
}

/** Says of each frame whether its original bytes go on; DATA is asked about before its payload has arrived. */
export interface FrameSink {
  onHeaders(frame: CurrentFrame): boolean;
  onData(frame: CurrentFrame): boolean;
  /** The payload of a DATA frame that is to be shown, padding included, in pieces as it comes. */
  onPayload(bytes: Uint8Array, start: number, end: number): void;
  /** SETTINGS, PING, GOAWAY, WINDOW_UPDATE, RST_STREAM, PRIORITY and PUSH_PROMISE, each with its whole payload. */
  onControl(frame: CurrentFrame): boolean;
  /** A frame of a type that we don't know: it is passed on unread (RFC 9113 §5.5). */
  onUnknown(frame: CurrentFrame): boolean;
  /** The direction can't be read any further. The walker has stopped. */
  onFault(fault: ConnectionFault): void;
}

export type Emit = (bytes: Uint8Array, start: number, end: number) => void;

const MORE = -1;

/**
 * Walks the frames of one direction of one connection and lets the original bytes through, frames that follow each
 * other in one `emit`. A frame that a sink must judge whole is held until it is there; DATA passes in pieces as it comes.
 *
 * INVARIANT: bytes of ours are put in only between frames, never inside a frame or a HEADERS/CONTINUATION run.
 */
export class FrameWalker {
  /** The largest payload the receiver has ever announced to accept (RFC 9113 §4.2). */
  maxFrame = MIN_MAX_FRAME;
  /** Prefaces, frame heads and held frames that have been read. */
  unitsRead = 0;
  private readonly frame = new CurrentFrame();
  private readonly sink: FrameSink;
  private readonly emit: Emit;
  private readonly limits: H2Limits;
  private readonly held = new HeldBytes();
  /** Bytes that must be held before looking again can help. */
  private needed = 0;
  private stage: 'preface' | 'settings' | 'open' | 'stopped';
  private payloadLeft = 0;
  private keeping = true;
  private queue: Uint8Array[] = [];
  private queuedBytes = 0;
  private feeding = false;
  private input: Uint8Array = PREFACE;
  private runStart = 0;
  private unitStart = 0;

  constructor(sink: FrameSink, emit: Emit, options: { limits: H2Limits; preface: boolean }) {
    this.sink = sink;
    this.emit = emit;
    this.limits = options.limits;
    this.stage = options.preface ? 'preface' : 'settings';
  }

  /** A preface or a frame has begun and can't be judged before the rest of it comes. */
  get holding(): boolean {
    return this.held.length > 0;
  }

  get heldBytes(): number {
    return this.held.memoryBytes + this.queuedBytes;
  }

  /** The frame whose payload is passing; null when none is. */
  get underWay(): Upload | null {
    if (this.payloadLeft === 0) return null;
    return { startedAt: this.unitsRead, bytesSent: this.frame.length - this.payloadLeft };
  }

  /** The bytes are only read during the call; emitted ranges may lie in them. */
  feed(bytes: Uint8Array, start: number, end: number): void {
    if (this.stage === 'stopped') return;
    if (this.held.length === 0) {
      this.walk(bytes, start, end);
      return;
    }
    this.held.append(bytes, start, end);
    if (this.held.length < this.needed) return;
    const all = this.held.take();
    this.walk(all, 0, all.length);
  }

  /** Puts frames of ours before the frame being judged, or at the next boundary. Their memory is free afterwards. */
  inject(frames: Uint8Array, start: number, end: number): void {
    if (this.stage === 'stopped') return;
    if (!this.atBoundary) {
      this.enqueue(copyOf(frames, start, end));
      return;
    }
    if (this.feeding) this.flushTo(this.unitStart);
    this.emit(frames, start, end);
  }

  /** Sends last words if they fit between frames, and lets nothing through any more. */
  stop(lastWords?: Uint8Array): void {
    if (this.feeding) this.flushTo(this.unitStart);
    if (lastWords !== undefined && this.atBoundary) this.emit(lastWords, 0, lastWords.length);
    this.stage = 'stopped';
  }

  /** Frames can be put in now; before the first SETTINGS nothing else may be sent (RFC 9113 §3.4). */
  get atBoundary(): boolean {
    return this.stage === 'open' && (this.payloadLeft === 0 || !this.keeping);
  }

  private enqueue(frames: Uint8Array): void {
    this.queue.push(frames);
    this.queuedBytes += frames.length;
    if (this.queuedBytes > this.limits.maxQueuedBytes)
      this.fault('ENHANCE_YOUR_CALM', 'too many answers wait for a frame under way');
  }

  private walk(bytes: Uint8Array, start: number, end: number): void {
    this.feeding = true;
    this.input = bytes;
    this.runStart = start;
    let pos = start;
    while (pos < end && this.stage !== 'stopped') {
      if (this.payloadLeft > 0) {
        pos = this.passPayload(pos, end);
        continue;
      }
      this.unitStart = pos;
      if (this.queue.length > 0) this.sendQueued(pos);
      const next = this.readUnit(bytes, pos, end);
      if (next === MORE) break;
      this.unitsRead++;
      pos = next;
    }
    this.feeding = false;
    if (this.stage === 'stopped') return;
    this.flushTo(pos);
    if (pos < end) this.held.append(bytes, pos, end);
    if (this.queue.length > 0) this.sendQueued(pos);
  }

  private passPayload(pos: number, end: number): number {
    const next = Math.min(end, pos + this.payloadLeft);
    this.payloadLeft -= next - pos;
    if (!this.keeping) this.runStart = next;
    if (this.frame.showing) {
      this.unitStart = next;
      this.sink.onPayload(this.input, pos, next);
    }
    return next;
  }

  private sendQueued(pos: number): void {
    if (!this.atBoundary) return;
    this.flushTo(pos);
    const queue = this.queue;
    this.queue = [];
    this.queuedBytes = 0;
    for (const frames of queue) this.emit(frames, 0, frames.length);
  }

  private flushTo(pos: number): void {
    if (pos > this.runStart) this.emit(this.input, this.runStart, pos);
    this.runStart = Math.max(this.runStart, pos);
  }

  /** Reads one preface, header block or frame head. Returns where the next thing begins, or `MORE`. */
  private readUnit(bytes: Uint8Array, pos: number, end: number): number {
    if (this.stage === 'preface') return this.readPreface(bytes, pos, end);
    if (end - pos < FRAME_HEAD) return this.more(FRAME_HEAD);
    const frame = this.frame;
    frame.length =
      ((bytes[pos] as number) << 16) | ((bytes[pos + 1] as number) << 8) | (bytes[pos + 2] as number);
    frame.type = bytes[pos + 3] as number;
    frame.flags = bytes[pos + 4] as number;
    frame.streamId = uint31(bytes, pos + 5);
    frame.wireLength = FRAME_HEAD + frame.length;
    if (frame.length > this.maxFrame)
      return this.fault('FRAME_SIZE_ERROR', 'a frame is larger than its receiver accepts');
    if (this.stage === 'settings' && (frame.type !== FRAME.settings || frame.isAck))
      return this.fault('PROTOCOL_ERROR', 'the first frame is not SETTINGS');
    if (frame.type === FRAME.data) return this.readData(bytes, pos, end);
    if (frame.type === FRAME.headers) return this.readHeaders(bytes, pos, end);
    if (frame.type > FRAME.continuation) {
      frame.padding = 0;
      frame.showing = false;
      return this.beginPayload(this.sink.onUnknown(frame), pos, FRAME_HEAD);
    }
    return this.readControl(bytes, pos, end);
  }

  private readPreface(bytes: Uint8Array, pos: number, end: number): number {
    if (end - pos < PREFACE.length) return this.more(PREFACE.length);
    for (let at = 0; at < PREFACE.length; at++)
      if (bytes[pos + at] !== PREFACE[at])
        return this.fault('PROTOCOL_ERROR', 'the connection preface is wrong');
    this.stage = 'settings';
    return pos + PREFACE.length;
  }

  private readData(bytes: Uint8Array, pos: number, end: number): number {
    const frame = this.frame;
    if (frame.streamId === 0) return this.fault('PROTOCOL_ERROR', 'DATA on stream 0');
    const padded = (frame.flags & FLAG.padded) !== 0;
    if (padded && frame.length > 0 && end - pos <= FRAME_HEAD) return this.more(FRAME_HEAD + 1);
    frame.showing = false;
    frame.padding = padded ? readPadding(bytes, pos, frame.length) : 0;
    if (frame.padding < 0) return this.fault('PROTOCOL_ERROR', 'the padding is not smaller than its frame');
    return this.beginPayload(this.sink.onData(frame), pos, FRAME_HEAD);
  }

  private beginPayload(keep: boolean, pos: number, head: number): number {
    this.keeping = keep;
    this.payloadLeft = this.frame.length;
    return this.settle(keep, pos, pos + head);
  }

  private readControl(bytes: Uint8Array, pos: number, end: number): number {
    const frame = this.frame;
    const fault = controlFault(frame, this.limits.maxBlockBytes);
    if (fault !== null) return this.fault(fault.code, fault.reason);
    if (end - pos < frame.wireLength) return this.more(frame.wireLength);
    frame.bytes = bytes;
    frame.start = pos + FRAME_HEAD;
    frame.end = pos + frame.wireLength;
    // Only a whole first SETTINGS opens the direction: until it is on its way, nothing of ours may go before it.
    this.stage = 'open';
    return this.settle(this.sink.onControl(frame), pos, frame.end);
  }

  private readHeaders(bytes: Uint8Array, pos: number, end: number): number {
    const frame = this.frame;
    if (frame.streamId === 0) return this.fault('PROTOCOL_ERROR', 'HEADERS on stream 0');
    if (frame.length > this.limits.maxBlockBytes)
      return this.fault('ENHANCE_YOUR_CALM', 'a header block is larger than the limit');
    const runEnd = this.findEndHeaders(bytes, pos, end);
    if (runEnd < 0) return runEnd;
    if (runEnd > end) return this.more(runEnd - pos);
    frame.wireLength = runEnd - pos;
    const fault = stripHeaders(frame, { bytes, start: pos, end: runEnd });
    if (fault !== null) return this.fault(fault.code, fault.reason);
    return this.settle(this.sink.onHeaders(frame), pos, runEnd);
  }

  /** The end of the last frame of a HEADERS/CONTINUATION run, perhaps beyond `end`; or `MORE`. */
  private findEndHeaders(bytes: Uint8Array, pos: number, end: number): number {
    let { flags, length: blockBytes } = this.frame;
    let next = pos + FRAME_HEAD + blockBytes;
    for (let count = 1; (flags & FLAG.endHeaders) === 0; count++) {
      if (next + FRAME_HEAD > end) return this.more(next + FRAME_HEAD - pos);
      if (bytes[next + 3] !== FRAME.continuation || uint31(bytes, next + 5) !== this.frame.streamId)
        return this.fault('PROTOCOL_ERROR', 'a header block is interrupted by another frame');
      const length = uint32(bytes, next) >>> 8;
      if (length > this.maxFrame)
        return this.fault('FRAME_SIZE_ERROR', 'a frame is larger than its receiver accepts');
      blockBytes += length;
      if (count > this.limits.maxContinuations || blockBytes > this.limits.maxBlockBytes)
        return this.fault('ENHANCE_YOUR_CALM', 'a header block is larger than the limit');
      flags = bytes[next + 4] as number;
      next += FRAME_HEAD + length;
    }
    return next;
  }

  private settle(keep: boolean, pos: number, next: number): number {
    if (keep || this.stage === 'stopped') return next;
    this.flushTo(pos);
    this.runStart = next;
    return next;
  }

  private more(bytes: number): typeof MORE {
    this.needed = bytes;
    return MORE;
  }

  private fault(code: ConnectionFault['code'], reason: string): typeof MORE {
    if (this.feeding) this.flushTo(this.unitStart);
    this.sink.onFault({ code, reason });
    this.stage = 'stopped';
    return MORE;
  }
}
