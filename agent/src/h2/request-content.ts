import { DataContent } from './data-content.ts';
import type { Denial } from './exchange.ts';
import type { CurrentFrame } from './frame-walker.ts';
import { isGrpc } from './grpc.ts';
import type { RelayState } from './relay-state.ts';
import type { RequestHead } from './request-head.ts';
import type { Stream } from './stream.ts';
import { Withheld } from './withheld.ts';

/** Requests whose whole bound one connection may use up at once. */
const MAX_WITHHELD = 4;

export interface ContentEvents {
  /** The request is complete; everything of it that was allowed has been sent on. */
  requestRead(stream: Stream): void;
  /** A request that was withheld is to be answered instead; `ended` when nothing of it is still to come. */
  requestDenied(stream: Stream, denial: Denial, ended: boolean): void;
}

/**
 * Shows guards the content of requests. What has to be seen whole stays here, all streams of a connection together
 * within a bound, while other streams go on.
 *
 * The head of such a request stays here only until anything else about its stream or another block has to go up: blocks
 * have an order (HPACK), and so have the streams that they open. From then on a refusal resets the stream.
 */
export class RequestContent {
  private shown: Stream | null = null;
  private frameEndsStream = false;
  private readonly content = new DataContent();
  private readonly state: RelayState;
  private readonly events: ContentEvents;

  constructor(state: RelayState, events: ContentEvents) {
    this.state = state;
    this.events = events;
  }

  /** When the oldest withheld request came; 0 when none is. */
  get withheldSince(): number {
    if (this.state.withheldCount === 0) return 0;
    for (const { withheld } of this.state.streams.values()) if (withheld !== null) return withheld.since;
    return 0;
  }

  /** Withholds a request from now on. Its head is sent by `sendHead`, but at once where something may wait for it. */
  withhold(stream: Stream, head: RequestHead, frame: CurrentFrame): void {
    const { state } = this;
    stream.withheld = new Withheld(head, state.now);
    state.withheldCount++;
    state.deferred = { stream, frames: state.requestBlocks.defer(frame) };
    // A server says 100 to the head, and may begin to stream before it has got a message.
    if (state.requestBlocks.fields.value('expect') !== undefined || isGrpc(head.contentType)) this.sendHead();
    if (this.fillsWindow(stream)) this.letGo(stream, false);
  }

  /** The head that waits, if any. To be called before anything goes up that must come after it. */
  sendHead(): void {
    const { state } = this;
    if (state.deferred === null) return;
    const { stream, frames } = state.deferred;
    state.deferred = null;
    state.lastForwarded = stream.id;
    state.sendUpstream(frames);
  }

  /** A DATA frame of a stream that is read begins. True when it goes on; its stream may be over after the call. */
  beginFrame(stream: Stream, frame: CurrentFrame): boolean {
    const passes = stream.withheld === null;
    if (stream.withheld !== null && !this.hasRoom(stream.withheld, frame)) {
      if (!this.letGo(stream, false)) return false;
      if (frame.endsStream) this.events.requestRead(stream);
      return true;
    }
    this.shown = stream;
    this.frameEndsStream = frame.endsStream;
    this.content.begin(frame);
    frame.showing = true;
    if (stream.withheld !== null) {
      this.state.withheldBytes += frame.length;
      stream.withheld.beginFrame(frame);
    }
    if (frame.length === 0) this.endFrame(stream);
    return passes;
  }

  payload(bytes: Uint8Array, start: number, end: number): void {
    const { shown, content } = this;
    if (shown === null) return;
    shown.withheld?.frames.append(bytes, start, end);
    if (content.take(start, end) && shown.reading !== 'nothing' && !shown.seenEnough)
      shown.seenEnough = shown.exchange.content(bytes, content.start, content.end);
    if (content.complete) this.endFrame(shown);
  }

  /** A stream's trailers, which end it. False when it was refused. */
  end(stream: Stream): boolean {
    if (stream.withheld !== null) return this.letGo(stream, true);
    this.stopReading(stream, true);
    return true;
  }

  /** Withholds nothing any longer that came at or before `since`. */
  letGoUntil(since: number): void {
    for (const stream of [...this.state.streams.values()]) {
      const { withheld } = stream;
      if (withheld === null || withheld.since > since) continue;
      if (stream === this.shown) withheld.overdue = true;
      else this.letGo(stream, false);
    }
  }

  /**
   * Withheld bytes use up the caller's connection window, and upstream can't grant back what it has not got: at most
   * half of it is held, so that the other streams always have the other half.
   */
  private hasRoom({ windowBytes }: Withheld, frame: CurrentFrame): boolean {
    const { state } = this;
    const { maxHeldBytes } = state.limits;
    if (windowBytes + frame.length > maxHeldBytes) return false;
    return (
      state.withheldBytes + frame.length <= Math.min(MAX_WITHHELD * maxHeldBytes, state.uploadCapacity >> 1)
    );
  }

  /** The caller can send no more of it before upstream has got something. */
  private fillsWindow({ withheld }: Stream): boolean {
    return withheld !== null && withheld.windowBytes >= this.state.upstreamSettings.safeWindow;
  }

  private endFrame(stream: Stream): void {
    this.shown = null;
    // It may have been reset while the frame was coming in.
    if (!this.state.streams.has(stream.id)) return;
    const ends = this.frameEndsStream;
    if (stream.withheld === null) {
      if (ends || stream.seenEnough) this.stopReading(stream, ends);
    } else if (ends || stream.seenEnough || stream.withheld.overdue || this.fillsWindow(stream)) {
      if (!this.letGo(stream, ends)) return;
    }
    if (ends) this.events.requestRead(stream);
  }

  private stopReading(stream: Stream, complete: boolean): void {
    if (stream.reading === 'nothing') return;
    stream.reading = 'nothing';
    stream.exchange.contentEnded(complete && !stream.seenEnough, this.state.now);
  }

  /** Sends on what is withheld of a stream, which has ended or not. False when it was refused even now. */
  private letGo(stream: Stream, ended: boolean): boolean {
    const { state } = this;
    const { withheld } = stream;
    if (withheld === null) return true;
    stream.reading = 'nothing';
    const denial = stream.exchange.contentEnded(ended && !stream.seenEnough, state.now);
    if (denial !== null) {
      this.events.requestDenied(stream, denial, ended);
      return false;
    }
    if (state.deferred?.stream === stream) this.sendHead();
    state.release(stream);
    const frames = withheld.frames.take();
    if (frames.length > 0) state.sendUpstream(frames);
    return true;
  }
}
