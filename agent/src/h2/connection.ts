import type { H2Exchange, H2Host, StreamOutcome } from './exchange.ts';
import { FrameWalker } from './frame-walker.ts';
import { DEFAULT_H2_LIMITS, type H2Limits } from './limits.ts';
import { type H2Wire, RelayState } from './relay-state.ts';
import { RequestDirection } from './request-direction.ts';
import { ResponseDirection } from './response-direction.ts';
import { SlowUploads } from './slow-uploads.ts';
import { Stream } from './stream.ts';
import type { UpgradeSettings } from './upgrade.ts';

/** What a stream takes with all that is kept for its record and for guards, and once more for what is not collected yet. */
const STREAM_BYTES = 2_560;

export interface H2RelayOptions {
  readonly wire: H2Wire;
  readonly host: H2Host;
  readonly limits?: H2Limits;
  /**
   * The connection came from HTTP/1.1 by `Upgrade: h2c`: that request, already judged and complete, is stream 1.
   * The first bytes due are those after upstream's 101, and the caller's preface.
   */
  readonly upgraded?: { readonly exchange: H2Exchange; readonly settings: UpgradeSettings };
}

/**
 * Relays one cleartext HTTP/2 connection: original bytes both ways, each request head judged before it goes on. Pure:
 * bytes, ends and times in, calls on the wire and the host out. `now` is monotonic milliseconds.
 *
 * The wire's owner must stop reading from either side while its writes to the other side don't drain, and must also
 * stop reading from the caller while writes to the caller don't: denied requests are answered from here.
 */
export class H2Relay {
  /** When the first byte of a still incomplete preface, head or control frame of the caller's came; 0 when none is. */
  headSince = 0;
  /** Before upstream did: servers then give up what they were asked. */
  private callerLeft = false;
  private readonly state: RelayState;
  private readonly uploads: SlowUploads;
  private readonly requests: RequestDirection;
  private readonly responses: ResponseDirection;
  private readonly fromCallerWalker: FrameWalker;
  private readonly fromUpstreamWalker: FrameWalker;

  constructor({ wire, host, limits = DEFAULT_H2_LIMITS, upgraded }: H2RelayOptions) {
    const state = new RelayState(wire, host, limits);
    this.state = state;
    this.requests = new RequestDirection(state);
    this.responses = new ResponseDirection(state);
    this.fromCallerWalker = new FrameWalker(
      this.requests,
      (bytes, start, end) => wire.toUpstream(bytes, start, end),
      { limits, preface: true },
    );
    this.fromUpstreamWalker = new FrameWalker(
      this.responses,
      (bytes, start, end) => wire.toCaller(bytes, start, end),
      { limits, preface: false },
    );
    this.uploads = new SlowUploads(state, this.fromCallerWalker);
    state.attach(this.fromCallerWalker, this.fromUpstreamWalker);
    if (upgraded !== undefined) this.openUpgraded(upgraded);
  }

  /** No stream is open and no head has begun. */
  get idle(): boolean {
    return this.state.streams.size === 0 && this.headSince === 0;
  }

  /** Memory that grows with what the two sides do, about. */
  get heldBytes(): number {
    const { state } = this;
    const blocks = state.requestBlocks.heldBytes + state.responseBlocks.heldBytes;
    const walkers = this.fromCallerWalker.heldBytes + this.fromUpstreamWalker.heldBytes;
    return blocks + walkers + state.withheldBytes + state.streams.size * STREAM_BYTES;
  }

  /** When the oldest request came that is withheld until its content was seen; 0 when none is. */
  get withheldSince(): number {
    return this.requests.content.withheldSince;
  }

  fromCaller(bytes: Uint8Array, start: number, end: number, now: number): void {
    this.state.now = now;
    const { unitsRead } = this.fromCallerWalker;
    this.fromCallerWalker.feed(bytes, start, end);
    this.settle();
    if (!this.fromCallerWalker.holding) this.headSince = 0;
    // What is held may have begun only now: on a busy connection there is always something.
    else if (this.headSince === 0 || unitsRead !== this.fromCallerWalker.unitsRead) this.headSince = now;
  }

  fromUpstream(bytes: Uint8Array, start: number, end: number, now: number): void {
    this.state.now = now;
    this.fromUpstreamWalker.feed(bytes, start, end);
    this.settle();
  }

  callerEnded(now: number): void {
    this.state.now = now;
    if (this.state.closed) return;
    this.callerLeft = true;
    for (const stream of [...this.state.streams.values()])
      if (stream.withheld !== null) this.state.end(stream, 'caller_reset');
    this.state.wire.finishUpstream();
  }

  upstreamEnded(now: number): void {
    this.state.now = now;
    if (this.state.closed) return;
    this.state.endAll(this.callerLeft ? 'caller_reset' : 'upstream_reset');
    this.state.wire.finishCaller();
  }

  /** Both sides are gone or going: finishes the records of what is open, and begins nothing any more. */
  abandon(outcome: StreamOutcome, now: number): void {
    this.state.now = now;
    this.state.abandon(outcome);
  }

  /** Withholds nothing any longer that came at or before `since`. */
  letGo(since: number, now: number): void {
    this.state.now = now;
    this.requests.content.letGoUntil(since);
    this.settle();
  }

  /**
   * Ends what has not grown by `UPLOAD_STEP` for `limitMs` though only the caller can move it on; null while upstream does
   * not take what comes.
   */
  checkUploads(now: number, limitMs: number | null): void {
    this.state.now = now;
    if (this.state.closed) return;
    this.uploads.check(limitMs);
    this.settle();
  }

  /** Ends the streams that may not go on as things stand now. */
  reconsider(now: number): void {
    this.state.now = now;
    if (this.state.closed) return;
    for (const stream of [...this.state.streams.values()])
      if (!stream.exchange.mayGoOn()) this.state.cancel(stream, 'denied');
    this.settle();
  }

  /** A deadline of the caller has passed. */
  expire(now: number): void {
    this.state.now = now;
    this.state.close('NO_ERROR', { reason: 'the caller was too slow', outcome: 'timeout' });
  }

  /**
   * Asks the caller by GOAWAY to open no more streams, and closes the connection once the open ones have ended. A
   * caller that never answers is ended by the host's own deadline, through `expire` or `abandon`.
   */
  drain(now: number): void {
    this.state.now = now;
    if (!this.state.closed) this.requests.drain();
  }

  /** What waits for the end of a step: a frame under way may only now have ended. */
  private settle(): void {
    const { state } = this;
    this.requests.settle();
    this.responses.settle();
    if (state.drain !== 'final' || state.streams.size > 0 || !this.fromUpstreamWalker.atBoundary) return;
    state.close('NO_ERROR', { reason: 'drained', outcome: 'drained' });
  }

  private openUpgraded({ exchange, settings }: NonNullable<H2RelayOptions['upgraded']>): void {
    const { state } = this;
    const stream = new Stream(1, exchange, state.now);
    stream.requestOpen = false;
    state.streams.set(stream.id, stream);
    state.lastStream = stream.id;
    state.lastForwarded = stream.id;
    // RFC 7540 §3.2.1: the upgrade itself acknowledges the settings that it carried.
    this.responses.adopt(settings);
  }
}
