import { BlockRelay } from './block-relay.ts';
import type { H2Host, StreamOutcome } from './exchange.ts';
import { FloodMeter } from './flood-meter.ts';
import { type ConnectionFault, type ErrorCode, goaway, MAX_STREAM_ID, rstStream } from './frame.ts';
import type { Emit, FrameWalker } from './frame-walker.ts';
import { HPACK_FAULTS, type HpackFault } from './hpack-decoder.ts';
import { LateContent } from './late-content.ts';
import type { H2Limits } from './limits.ts';
import { SettingsLedger } from './settings.ts';
import type { Stream } from './stream.ts';
import { WindowReserve } from './window-reserve.ts';

/** What the relay asks of the two sockets. Bytes are only valid during the call; who keeps them copies them. */
export interface H2Wire {
  toUpstream(bytes: Uint8Array, start: number, end: number): void;
  toCaller(bytes: Uint8Array, start: number, end: number): void;
  /** Sends FIN once everything written so far is out. */
  finishUpstream(): void;
  finishCaller(): void;
  /** The connection is over: write out what was handed over, close both sides, bring nothing more. */
  close(end: ConnectionEnd, now: number): void;
}

export interface ConnectionEnd {
  readonly code: ErrorCode;
  readonly reason: string;
  readonly outcome: StreamOutcome;
  /** How many streams were open, and have ended with it. */
  readonly streams: number;
}

export type Side = 'caller' | 'upstream';

/** RFC 9113 §6.9.2: that of a connection is not changed by SETTINGS. */
const INITIAL_WINDOW = 65_535;
/** Streams that we cut and whose last frames from upstream may still come: old ones are forgotten. */
const MAX_CUT = 128;
/**
 * WINDOW_UPDATE frames that a DATA frame with content, or a new stream, explains: two are usual, one for the stream and one
 * for the connection, and who reads a frame bit by bit sends more. Envoy has the same ratio.
 */
const GRANTS_EXPLAINED = 20;
/**
 * And one more for so many bytes of it: Go's server takes frames of a MiB, and grants after each read, once for the stream and
 * once for the connection; the smallest buffers that Go itself reads bodies with have 512 bytes.
 */
const BYTES_PER_GRANT = 256;
/** Whoever has much to read may grant it late, all at once. */
const MAX_GRANTS_EXPLAINED = 1_000_000;
/** Frames that may come for a stream that was closed meanwhile: interim heads, a head, trailers, an end, a reset. */
const STRAYS_EXPLAINED = 20;

const BLAME: Record<Side, StreamOutcome> = { caller: 'malformed_request', upstream: 'malformed_response' };

/** What both directions of a connection share. */
export class RelayState {
  readonly wire: H2Wire;
  readonly host: H2Host;
  readonly limits: H2Limits;
  readonly streams = new Map<number, Stream>();
  readonly requestBlocks: BlockRelay;
  readonly responseBlocks: BlockRelay;
  readonly callerSettings = new SettingsLedger();
  readonly upstreamSettings = new SettingsLedger();
  readonly reserve = new WindowReserve();
  readonly resets: FloodMeter;
  readonly grants: Readonly<Record<Side, FloodMeter>>;
  readonly strays: Readonly<Record<Side, FloodMeter>>;
  readonly late = new LateContent();
  /** Monotonic milliseconds of the step under way. */
  now = 0;
  closed = false;
  /** The mistake that has ended the connection. */
  private fault: ErrorCode | null = null;
  /** The highest stream of the caller's, and the highest that upstream was told of. */
  lastStream = 0;
  lastForwarded = 0;
  /**
   * Streams above have been given up: by upstream's GOAWAY, and by ours.
   *
   * INVARIANT: no GOAWAY to the caller names a higher one (RFC 9113 §6.8); clients end the connection over that.
   */
  lastAccepted = MAX_STREAM_ID;
  drain: 'no' | 'announced' | 'final' = 'no';
  /** What we owe to the caller's connection window: upstream did not get it, so it can't grant it back. */
  owedToCaller = 0;
  /** What the caller may still send on the connection; grants that are on their way to it are counted already. */
  uploadWindow = INITIAL_WINDOW;
  /** The most that this ever was. */
  uploadCapacity = INITIAL_WINDOW;
  /** The content that is withheld, as flow control counts it, and of how many streams. */
  withheldBytes = 0;
  withheldCount = 0;
  /** The head that was read last, while it has not been sent. */
  deferred: { readonly stream: Stream; readonly frames: Uint8Array } | null = null;
  private readonly cut = new Set<number>();
  private walkers: { readonly toUpstream: FrameWalker; readonly toCaller: FrameWalker } | null = null;

  constructor(wire: H2Wire, host: H2Host, limits: H2Limits) {
    this.wire = wire;
    this.host = host;
    this.limits = limits;
    this.requestBlocks = new BlockRelay(limits.maxListBytes);
    this.responseBlocks = new BlockRelay(limits.maxListBytes);
    const { maxResets, maxGrants, maxStrayFrames, floodIntervalMs } = limits;
    const grants = () => new FloodMeter(maxGrants, floodIntervalMs, MAX_GRANTS_EXPLAINED);
    const strays = () => new FloodMeter(maxStrayFrames, floodIntervalMs, maxStrayFrames);
    this.resets = new FloodMeter(maxResets, floodIntervalMs);
    this.grants = { caller: grants(), upstream: grants() };
    this.strays = { caller: strays(), upstream: strays() };
  }

  /** The directions need the state and the state needs them: the connection ties them together once. */
  attach(toUpstream: FrameWalker, toCaller: FrameWalker): void {
    this.walkers = { toUpstream, toCaller };
  }

  readonly toUpstream: Emit = (bytes, start, end) => this.walkers?.toUpstream.inject(bytes, start, end);
  readonly toCaller: Emit = (bytes, start, end) => this.walkers?.toCaller.inject(bytes, start, end);

  sendUpstream(frames: Uint8Array): void {
    this.toUpstream(frames, 0, frames.length);
  }

  sendCaller(frames: Uint8Array): void {
    this.toCaller(frames, 0, frames.length);
  }

  /** Frames sent to that side now go out now. */
  canSend(to: Side): boolean {
    return this.walkerTo(to)?.atBoundary === true;
  }

  /** The largest frame that the receiver on that side accepts: a promise that may grow, and is never taken back here. */
  allowFrames(receiver: Side, size: number): void {
    const walker = this.walkerTo(receiver);
    if (walker !== undefined) walker.maxFrame = Math.max(walker.maxFrame, size);
  }

  /** What either side may say about a new stream, while it is open and soon after. */
  explainStream(): void {
    this.grants.caller.explain(GRANTS_EXPLAINED);
    this.grants.upstream.explain(GRANTS_EXPLAINED);
    this.strays.caller.explain(STRAYS_EXPLAINED);
    this.strays.upstream.explain(STRAYS_EXPLAINED);
  }

  /** A frame with so many bytes of content goes to that side, which will grant them back. */
  explainGrants(receiver: Side, bytes: number): void {
    this.grants[receiver].explain(GRANTS_EXPLAINED + Math.floor(bytes / BYTES_PER_GRANT));
  }

  /** Finishes a stream's record; frames that still come for it belong to no stream. */
  end(stream: Stream, outcome: StreamOutcome): void {
    if (!this.streams.delete(stream.id)) return;
    if (stream.requestOpen) this.late.expect(stream.uploadCredit);
    if (stream.withheld !== null) {
      this.owedToCaller += stream.withheld.windowBytes;
      this.release(stream);
    }
    stream.reading = 'nothing';
    stream.showsResponse = false;
    stream.outcome = outcome;
    stream.connectionFault = this.fault;
    stream.exchange.ended(stream, this.now);
  }

  /** Nothing of the stream is withheld any more. A head that has not been sent never will be. */
  release(stream: Stream): void {
    if (stream.withheld === null) return;
    this.withheldBytes -= stream.withheld.windowBytes;
    this.withheldCount--;
    stream.withheld = null;
    if (this.deferred?.stream !== stream) return;
    this.deferred = null;
    this.requestBlocks.drop();
  }

  endIfComplete(stream: Stream): void {
    if (!stream.requestOpen && !stream.responseOpen) this.end(stream, 'ok');
  }

  endAll(outcome: StreamOutcome): void {
    for (const stream of [...this.streams.values()]) this.end(stream, outcome);
  }

  /** Ends a stream on both sides. Counts as a reset of whoever made it necessary. */
  cutStream(stream: Stream, outcome: 'malformed_request' | 'malformed_response'): void {
    this.sendCaller(rstStream(stream.id, 'PROTOCOL_ERROR'));
    this.cutUpstream(stream, 'PROTOCOL_ERROR');
    this.end(stream, outcome);
    if (outcome === 'malformed_request') this.countReset();
  }

  /** Ends a stream on both sides, though nobody has made a mistake. */
  cancel(stream: Stream, outcome: 'timeout' | 'denied'): void {
    this.sendCaller(rstStream(stream.id, 'CANCEL'));
    this.cutUpstream(stream, 'CANCEL');
    this.end(stream, outcome);
  }

  /** Ends a stream for upstream, if it knows of it; what still comes from there is dropped. */
  cutUpstream(stream: Stream, code: ErrorCode): void {
    if (this.deferred?.stream === stream) return;
    this.sendUpstream(rstStream(stream.id, code));
    if (this.cut.size >= MAX_CUT) for (const oldest of this.cut.values()) if (this.cut.delete(oldest)) break;
    this.cut.add(stream.id);
  }

  isCut(streamId: number): boolean {
    return this.cut.size > 0 && this.cut.has(streamId);
  }

  countReset(): void {
    if (this.resets.overflows(this.now))
      this.fail('caller', { code: 'ENHANCE_YOUR_CALM', reason: 'too many streams are reset' });
  }

  failBlock(side: Side, fault: HpackFault): void {
    const code = fault === 'list_too_large' ? 'ENHANCE_YOUR_CALM' : 'COMPRESSION_ERROR';
    this.fail(side, { code, reason: HPACK_FAULTS[fault] });
  }

  /** Ends the connection for something that `side` did. */
  fail(side: Side, { code, reason }: ConnectionFault): void {
    this.close(code, { reason, outcome: BLAME[side] });
  }

  /** As `close`, where nobody is there to be told. */
  abandon(outcome: StreamOutcome): void {
    this.closed = true;
    this.walkers?.toCaller.stop();
    this.walkers?.toUpstream.stop();
    this.endAll(outcome);
  }

  close(code: ErrorCode, { reason, outcome }: { reason: string; outcome: StreamOutcome }): void {
    if (this.closed) return;
    this.closed = true;
    this.walkers?.toCaller.stop(goaway(Math.min(this.lastAccepted, this.lastStream), code));
    this.walkers?.toUpstream.stop(goaway(0, code));
    const streams = this.streams.size;
    if (code !== 'NO_ERROR') this.fault = code;
    this.endAll(outcome);
    this.wire.close({ code, reason, outcome, streams }, this.now);
  }

  private walkerTo(side: Side): FrameWalker | undefined {
    return side === 'caller' ? this.walkers?.toCaller : this.walkers?.toUpstream;
  }
}
