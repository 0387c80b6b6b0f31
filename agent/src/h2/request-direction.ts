import { AnsweredStreams } from './answered-streams.ts';
import { type Answered, sendAnswer } from './denial.ts';
import { Direction } from './direction.ts';
import type { Denial, H2Exchange } from './exchange.ts';
import { FRAME, goaway, ping, rstStream, uint31, windowUpdate } from './frame.ts';
import type { CurrentFrame, FrameSink } from './frame-walker.ts';
import { isGrpc } from './grpc.ts';
import type { RelayState } from './relay-state.ts';
import { type ContentEvents, RequestContent } from './request-content.ts';
import { type RequestHead, readRequestHead, trailersFault } from './request-head.ts';
import { Stream } from './stream.ts';

const FIRST_FINAL_STATUS = 200;

/** The payload of the PING that follows our GOAWAY: once it comes back, the caller has seen the GOAWAY. */
const DRAIN_MARK = Uint8Array.from('eastwall', (char) => char.charCodeAt(0));

/**
 * Frames from the caller. A head that is allowed goes on with its original bytes; one that is not never leaves here,
 * is answered at once, and its stream is closed from then on.
 *
 * INVARIANT: DATA that upstream doesn't get is granted back on the caller's connection window, so both still agree on
 * that window. This also holds for streams that upstream has closed itself, so closed streams need not be remembered.
 */
export class RequestDirection extends Direction implements FrameSink, ContentEvents {
  readonly content: RequestContent;
  private readonly answered = new AnsweredStreams();

  constructor(state: RelayState) {
    super(state, 'caller');
    this.content = new RequestContent(state, this);
  }

  onHeaders(frame: CurrentFrame): boolean {
    const { state } = this;
    const id = frame.streamId;
    if (id % 2 === 0) return this.fail('PROTOCOL_ERROR', 'the caller uses a stream of the server');
    this.content.sendHead();
    const fault = state.requestBlocks.read(frame);
    if (fault !== null) {
      state.failBlock('caller', fault);
      return false;
    }
    const stream = state.streams.get(id);
    if (stream !== undefined) return this.takeTrailers(stream, frame);
    if (id <= state.lastStream || id > state.lastAccepted) {
      if (frame.endsStream) this.answered.end(id);
      else if (id > state.lastStream) state.late.expect(0);
      this.countStray();
      return this.dropBlock();
    }
    state.lastStream = id;
    state.explainStream();
    return this.openStream(frame);
  }

  onData(frame: CurrentFrame): boolean {
    const stream = this.state.streams.get(frame.streamId);
    this.countIfEmpty(frame);
    this.state.uploadWindow -= frame.length;
    if (frame.length > 0) this.state.explainGrants('upstream', frame.length);
    if (stream === undefined) {
      if (frame.streamId > this.state.lastStream && frame.streamId <= this.state.lastAccepted)
        return this.failIdle(frame.type);
      this.countIfStray(frame);
      this.endAnswered(frame);
      return this.swallow(frame);
    }
    if (!stream.requestOpen) return this.fail('STREAM_CLOSED', 'DATA after the end of its request');
    stream.bytesSent += frame.wireLength;
    stream.uploadCredit -= frame.length;
    if (!hasPromisedLength(stream, frame)) {
      this.state.cutStream(stream, 'malformed_request');
      return this.swallow(frame);
    }
    if (stream.reading !== 'nothing')
      return this.content.beginFrame(stream, frame) || this.dropped(stream, frame);
    if (frame.endsStream) this.requestRead(stream);
    return true;
  }

  onPayload(bytes: Uint8Array, start: number, end: number): void {
    this.content.payload(bytes, start, end);
  }

  override onUnknown(frame: CurrentFrame): boolean {
    if (this.state.deferred?.stream.id === frame.streamId) this.content.sendHead();
    return super.onUnknown(frame);
  }

  onControl(frame: CurrentFrame): boolean {
    if (this.state.deferred !== null && mustFollow(frame, this.state.deferred.stream))
      this.content.sendHead();
    switch (frame.type) {
      case FRAME.rstStream:
        return this.takeReset(frame);
      case FRAME.windowUpdate:
        return this.takeGrant(frame);
      case FRAME.pushPromise:
        return this.fail('PROTOCOL_ERROR', 'the caller pushes');
      case FRAME.goaway:
        this.countControl();
        return true;
      default:
        this.countControl();
        return this.takeRest(frame);
    }
  }

  /** Tells the caller to open no more streams; which one is the last is settled when it has heard of it. */
  drain(): void {
    if (this.state.drain !== 'no') return;
    this.state.drain = 'announced';
    this.state.sendCaller(goaway(this.state.lastAccepted, 'NO_ERROR'));
    this.state.sendCaller(ping(DRAIN_MARK));
  }

  /** What is due at the end of a step: stops callers that go on too long, and grants back what was swallowed. */
  settle(): void {
    if (!this.state.canSend('caller')) return;
    this.answered.sent(this.state.now);
    for (let late = this.nextOverdue(); late > 0; late = this.nextOverdue())
      this.state.sendCaller(rstStream(late, 'NO_ERROR'));
    if (this.state.owedToCaller === 0) return;
    this.state.sendCaller(windowUpdate(0, this.state.owedToCaller));
    this.state.uploadWindow += this.state.owedToCaller;
    this.state.owedToCaller = 0;
  }

  private openStream(frame: CurrentFrame): boolean {
    const { state } = this;
    const head = readRequestHead(state.requestBlocks.fields, frame.streamId, frame.endsStream);
    if (state.streams.size >= state.limits.maxStreams) head.fault ??= 'too_many_streams';
    const exchange = state.host.begin(head, state.now);
    if (head.fault !== null) return this.refuse(head, exchange, frame);
    if (exchange.denial !== null) return this.answer(head, exchange, frame);
    const stream = new Stream(frame.streamId, exchange, state.now);
    stream.contentLeft = head.contentLength;
    stream.isGrpc = isGrpc(head.contentType);
    stream.bytesSent = frame.wireLength;
    state.streams.set(stream.id, stream);
    if (!frame.endsStream) stream.reading = exchange.reading;
    if (stream.reading === 'whole') {
      this.content.withhold(stream, head, frame);
      return false;
    }
    state.lastForwarded = stream.id;
    if (frame.endsStream) this.requestRead(stream);
    return this.passBlock(frame);
  }

  /** `ContentEvents`. */
  requestDenied(stream: Stream, denial: Denial, ended: boolean): void {
    const { state } = this;
    const { withheld } = stream;
    if (withheld === null) return;
    state.cutUpstream(stream, 'CANCEL');
    if (stream.status >= FIRST_FINAL_STATUS) state.sendCaller(rstStream(stream.id, 'CANCEL'));
    else {
      const answered = this.sendAnswer(withheld.head, denial);
      stream.status = answered.status;
      stream.grpcStatus = answered.grpcStatus;
      stream.bytesReceived += answered.bytes;
      if (!ended) this.answered.add(stream.id);
    }
    state.end(stream, 'denied');
  }

  private sendAnswer(head: RequestHead, denial: Denial): Answered {
    const { state } = this;
    const mayFill = (bytes: number) => bytes <= state.callerSettings.safeWindow && state.reserve.spend(bytes);
    return sendAnswer(head, denial, { blocks: state.responseBlocks, send: state.toCaller, mayFill });
  }

  private answer(head: RequestHead, exchange: H2Exchange, frame: CurrentFrame): boolean {
    const { state } = this;
    if (exchange.denial === null) return true;
    const answered = this.sendAnswer(head, exchange.denial);
    exchange.ended(
      {
        outcome: 'denied',
        connectionFault: null,
        status: answered.status,
        grpcStatus: answered.grpcStatus,
        bytesSent: frame.wireLength,
        bytesReceived: answered.bytes,
      },
      state.now,
    );
    if (!head.endsStream) {
      this.answered.add(head.streamId);
      state.late.expect(0);
    }
    return this.dropBlock();
  }

  /** DATA of a closed stream: callers learn late that it is, but not so late that its window would not do. */
  private countIfStray(frame: CurrentFrame): void {
    const { late, upstreamSettings } = this.state;
    const isTooMuch = late.exceeds(frame.length, upstreamSettings.largestWindow);
    if (frame.length === 0 ? frame.endsStream : isTooMuch) this.countStray();
  }

  /** Content of a request that has its answer: it may end by itself unless it is long. */
  private endAnswered(frame: CurrentFrame): void {
    const { now, upstreamSettings } = this.state;
    if (frame.endsStream) this.answered.end(frame.streamId);
    // Without grants from upstream the caller stops at the initial window: who gets that far is told that it may.
    else this.answered.count(frame.streamId, frame.length, { limit: upstreamSettings.safeWindow / 2, now });
  }

  private nextOverdue(): number {
    return this.answered.takeOverdue(this.state.now);
  }

  /** RFC 9113 §8.1.1: a malformed request is a stream error, so the other streams go on. */
  private refuse(head: RequestHead, exchange: H2Exchange, frame: CurrentFrame): boolean {
    const crowded = head.fault === 'too_many_streams';
    const frames = rstStream(head.streamId, crowded ? 'REFUSED_STREAM' : 'PROTOCOL_ERROR');
    this.state.sendCaller(frames);
    exchange.ended(
      {
        outcome: crowded ? 'refused' : 'malformed_request',
        connectionFault: null,
        status: 0,
        grpcStatus: -1,
        bytesSent: frame.wireLength,
        bytesReceived: frames.length,
      },
      this.state.now,
    );
    if (!head.endsStream) this.state.late.expect(0);
    this.state.countReset();
    return this.dropBlock();
  }

  private takeTrailers(stream: Stream, frame: CurrentFrame): boolean {
    if (!stream.requestOpen) return this.fail('STREAM_CLOSED', 'HEADERS after the end of its request');
    stream.bytesSent += frame.wireLength;
    const fault = trailersFault(this.state.requestBlocks.fields);
    if (fault !== null || !frame.endsStream || stream.contentLeft > 0) {
      this.state.cutStream(stream, 'malformed_request');
      return this.dropBlock();
    }
    if (stream.reading !== 'nothing' && !this.content.end(stream)) return this.dropBlock();
    this.requestRead(stream);
    return this.passBlock(frame);
  }

  /** `ContentEvents`. */
  requestRead(stream: Stream): void {
    stream.requestOpen = false;
    this.state.endIfComplete(stream);
  }

  private passBlock(frame: CurrentFrame): boolean {
    return this.state.requestBlocks.pass(frame, this.state.toUpstream);
  }

  private dropBlock(): false {
    this.state.requestBlocks.drop();
    return false;
  }

  private swallow(frame: CurrentFrame): false {
    this.state.owedToCaller += frame.length;
    return false;
  }

  /** A DATA frame that does not go on now: withheld, or of a request that was denied with it. */
  private dropped(stream: Stream, frame: CurrentFrame): false {
    if (stream.withheld !== null || frame.showing) return false;
    this.endAnswered(frame);
    return this.swallow(frame);
  }

  private takeReset(frame: CurrentFrame): boolean {
    const stream = this.state.streams.get(frame.streamId);
    // Upstream may never have heard of this stream, and a reset of an idle stream would end the connection.
    if (stream === undefined) {
      this.countStray();
      this.answered.end(frame.streamId);
      return frame.streamId > this.state.lastStream && this.failUnopened(frame);
    }
    const isKnown = this.state.deferred?.stream !== stream;
    if (stream.responseOpen) this.state.countReset();
    this.state.end(stream, stream.responseOpen ? 'caller_reset' : 'ok');
    return isKnown;
  }

  private takeGrant(frame: CurrentFrame): boolean {
    const increment = uint31(frame.bytes, frame.start);
    this.countGrant();
    if (frame.streamId > 0)
      return (
        this.state.streams.has(frame.streamId) ||
        (frame.streamId > this.state.lastStream && this.failUnopened(frame))
      );
    if (increment === 0) return this.fail('PROTOCOL_ERROR', 'WINDOW_UPDATE of nothing');
    const passed = this.state.reserve.passOn(increment);
    if (passed === increment) return true;
    if (passed > 0) this.state.sendUpstream(windowUpdate(0, passed));
    return false;
  }

  /** After a GOAWAY the caller may still speak about streams that we ignore. */
  private failUnopened(frame: CurrentFrame): false {
    return frame.streamId > this.state.lastAccepted ? false : this.failIdle(frame.type);
  }

  /** SETTINGS, PING and PRIORITY. */
  private takeRest(frame: CurrentFrame): boolean {
    const { state } = this;
    if (frame.type === FRAME.ping && frame.isAck && isDrainMark(frame)) return this.finishDrain();
    if (frame.type !== FRAME.settings) return true;
    if (!frame.isAck) return this.passSettings(frame, state.callerSettings);
    return this.acknowledge(state.upstreamSettings, (size) => state.requestBlocks.limitTable(size));
  }

  private finishDrain(): boolean {
    const { state } = this;
    if (state.drain !== 'announced') return true;
    state.drain = 'final';
    state.lastAccepted = Math.min(state.lastAccepted, state.lastStream);
    state.sendCaller(goaway(state.lastAccepted, 'NO_ERROR'));
    return false;
  }
}

/**
 * Whether a frame must not overtake a head that waits: what speaks about its stream would speak about an idle one, and a
 * table's new limit is acknowledged before the first block that keeps to it. A reset makes the head unnecessary.
 */
function mustFollow(frame: CurrentFrame, { id }: Stream): boolean {
  if (frame.type === FRAME.settings) return true;
  return frame.streamId === id && frame.type !== FRAME.rstStream;
}

/** RFC 9113 §8.1.1: content that differs from Content-Length makes a request malformed, and a smuggler's tool. */
function hasPromisedLength(stream: Stream, frame: CurrentFrame): boolean {
  if (stream.contentLeft < 0) return true;
  stream.contentLeft -= frame.length - frame.padding;
  return frame.endsStream ? stream.contentLeft === 0 : stream.contentLeft >= 0;
}

function isDrainMark({ bytes, start }: CurrentFrame): boolean {
  for (let at = 0; at < DRAIN_MARK.length; at++) if (bytes[start + at] !== DRAIN_MARK[at]) return false;
  return true;
}
