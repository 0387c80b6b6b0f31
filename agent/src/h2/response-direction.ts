import { DataContent } from './data-content.ts';
import { Direction } from './direction.ts';
import { ERROR_CODES, FRAME, goawayWith, uint31, uint32, windowUpdate } from './frame.ts';
import type { CurrentFrame, FrameSink } from './frame-walker.ts';
import type { RelayState } from './relay-state.ts';
import { ResponseHead, readResponseHead } from './response-head.ts';
import type { Settings } from './settings.ts';
import type { Stream } from './stream.ts';

const FIRST_FINAL_STATUS = 200;
/** Who has upstream reset its streams need not do so itself, and costs it as much (CVE-2025-8671, "MadeYouReset"). */
const BLAMES_CALLER: ReadonlySet<number> = new Set([
  ERROR_CODES.PROTOCOL_ERROR,
  ERROR_CODES.FLOW_CONTROL_ERROR,
  ERROR_CODES.STREAM_CLOSED,
  ERROR_CODES.FRAME_SIZE_ERROR,
]);

/**
 * Frames from upstream: read for the record, passed on as they are. Frames of streams that the caller has closed pass
 * too, since only it knows what it still counts; frames of streams that we cut are dropped.
 */
export class ResponseDirection extends Direction implements FrameSink {
  private readonly head = new ResponseHead();
  private owedToUpstream = 0;
  private shown: Stream | null = null;
  private shownEnds = false;
  private readonly content = new DataContent();

  constructor(state: RelayState) {
    super(state, 'upstream');
  }

  onHeaders(frame: CurrentFrame): boolean {
    const { state } = this;
    if (this.isUnknownStream(frame.streamId)) return this.failIdle(frame.type);
    const fault = state.responseBlocks.read(frame);
    if (fault !== null) {
      state.failBlock('upstream', fault);
      return false;
    }
    const stream = state.streams.get(frame.streamId);
    if (stream === undefined) this.countStray();
    if (state.isCut(frame.streamId)) return this.dropBlock();
    if (stream !== undefined && !this.takeHead(stream, frame)) {
      state.cutStream(stream, 'malformed_response');
      return this.dropBlock();
    }
    return this.passBlock(frame);
  }

  onData(frame: CurrentFrame): boolean {
    if (this.isUnknownStream(frame.streamId)) return this.failIdle(frame.type);
    this.countIfEmpty(frame);
    if (frame.length > 0) this.state.explainGrants('caller', frame.length);
    const stream = this.state.streams.get(frame.streamId);
    if (frame.endsStream && frame.length <= frame.padding && stream?.responseOpen !== true) this.countStray();
    if (this.state.isCut(frame.streamId)) {
      this.owedToUpstream += frame.length;
      return false;
    }
    if (stream === undefined) return true;
    stream.bytesReceived += frame.wireLength;
    if (stream.showsResponse) {
      this.shown = stream;
      this.shownEnds = frame.endsStream;
      this.content.begin(frame);
      frame.showing = true;
      if (frame.length === 0) this.endShown(stream);
    } else if (frame.endsStream) this.endResponse(stream);
    return true;
  }

  onPayload(bytes: Uint8Array, start: number, end: number): void {
    const { shown, content } = this;
    if (shown === null) return;
    if (content.take(start, end) && shown.showsResponse)
      shown.exchange.responseContent(bytes, content.start, content.end);
    if (content.complete) this.endShown(shown);
  }

  onControl(frame: CurrentFrame): boolean {
    switch (frame.type) {
      case FRAME.rstStream:
        return this.takeReset(frame);
      case FRAME.windowUpdate:
        return this.takeGrant(frame);
      case FRAME.pushPromise:
        return this.fail('PROTOCOL_ERROR', 'a push although the caller was seen to forbid it');
      case FRAME.goaway:
        return this.takeGoaway(frame);
      default:
        this.countControl();
        return this.takeRest(frame);
    }
  }

  /** Grants back what was dropped, as soon as a frame can be put in: the caller never counted it. */
  settle(): void {
    if (this.owedToUpstream === 0 || !this.state.canSend('upstream')) return;
    this.state.sendUpstream(windowUpdate(0, this.owedToUpstream));
    this.owedToUpstream = 0;
  }

  /** Settings of the caller's that upstream acknowledged outside of this connection's frames. */
  adopt(settings: Settings): void {
    this.state.callerSettings.announce(settings);
    if (settings.maxFrame >= 0) this.state.allowFrames('caller', settings.maxFrame);
    this.acknowledge(this.state.callerSettings, (size) => this.state.responseBlocks.limitTable(size));
  }

  /** False when the block is malformed where it stands (RFC 9113 §8.1). */
  private takeHead(stream: Stream, frame: CurrentFrame): boolean {
    const { head, state } = this;
    stream.bytesReceived += frame.wireLength;
    if (!stream.responseOpen || !readResponseHead(state.responseBlocks.fields, head)) return false;
    if (head.grpcStatus >= 0) stream.grpcStatus = head.grpcStatus;
    const isTrailers = stream.status >= FIRST_FINAL_STATUS;
    if (isTrailers !== (head.status === 0)) return false;
    if (isTrailers) {
      if (!frame.endsStream) return false;
    } else {
      if (frame.endsStream && head.status < FIRST_FINAL_STATUS) return false;
      stream.status = head.status;
      stream.showsResponse = stream.exchange.responded(head.status, state.responseBlocks.fields, state.now);
    }
    if (frame.endsStream) this.endResponse(stream);
    return true;
  }

  /** The response is not over before its last byte was shown. */
  private endShown(stream: Stream): void {
    this.shown = null;
    if (this.shownEnds && this.state.streams.has(stream.id)) this.endResponse(stream);
  }

  private endResponse(stream: Stream): void {
    stream.responseOpen = false;
    this.state.endIfComplete(stream);
  }

  private takeGrant(frame: CurrentFrame): boolean {
    const { state } = this;
    const increment = uint31(frame.bytes, frame.start);
    this.countGrant();
    if (frame.streamId === 0) {
      state.uploadWindow += increment;
      state.uploadCapacity = Math.max(state.uploadCapacity, state.uploadWindow);
      return true;
    }
    if (this.isUnknownStream(frame.streamId)) return this.failIdle(frame.type);
    const stream = state.streams.get(frame.streamId);
    if (stream === undefined) state.late.grant(increment);
    else stream.uploadCredit += increment;
    return true;
  }

  private takeReset(frame: CurrentFrame): boolean {
    if (this.isUnknownStream(frame.streamId)) return this.failIdle(frame.type);
    const stream = this.state.streams.get(frame.streamId);
    if (stream === undefined) this.countStray();
    if (this.state.isCut(frame.streamId)) return false;
    if (stream === undefined) return true;
    if (stream.responseOpen && BLAMES_CALLER.has(uint32(frame.bytes, frame.start))) this.state.countReset();
    this.state.end(stream, stream.responseOpen ? 'upstream_reset' : 'ok');
    return true;
  }

  /** Streams above the last one that upstream names were not processed: the caller knows it may try them again. */
  private takeGoaway(frame: CurrentFrame): boolean {
    const { state } = this;
    const last = uint31(frame.bytes, frame.start);
    this.countControl();
    if (last > state.lastAccepted) {
      // We have named a lower one to the caller, or upstream has, and takes it back.
      state.sendCaller(goawayWith(state.lastAccepted, uint32(frame.bytes, frame.start + 4)));
      return false;
    }
    state.lastAccepted = last;
    for (const stream of [...state.streams.values()])
      if (stream.id > last) state.end(stream, 'upstream_reset');
    return true;
  }

  /** SETTINGS, PING and PRIORITY. */
  private takeRest(frame: CurrentFrame): boolean {
    const { state } = this;
    if (frame.type !== FRAME.settings) return true;
    if (!frame.isAck) return this.passSettings(frame, state.upstreamSettings);
    return this.acknowledge(state.callerSettings, (size) => state.responseBlocks.limitTable(size));
  }

  private passBlock(frame: CurrentFrame): boolean {
    return this.state.responseBlocks.pass(frame, this.state.toCaller);
  }

  private dropBlock(): false {
    this.state.responseBlocks.drop();
    return false;
  }

  private isUnknownStream(streamId: number): boolean {
    return streamId > this.state.lastForwarded || streamId % 2 === 0;
  }
}
