import { UploadPace } from '../kernel/upload-pace.ts';
import type { FrameWalker } from './frame-walker.ts';
import type { RelayState } from './relay-state.ts';
import type { Stream } from './stream.ts';

const FIRST_FINAL_STATUS = 200;
/** Streams are looked at so often within the time that they have: there may be thousands. */
const LOOKS = 8;

/**
 * Ends requests whose content trickles in. One stream can be ended alone; a frame under way can't be left out, so one that
 * does not come to its end holds all that follows it, and ends the connection.
 */
export class SlowUploads {
  private lookedAt = 0;
  private readonly framePace = new UploadPace();
  private readonly state: RelayState;
  private readonly walker: FrameWalker;

  constructor(state: RelayState, fromCaller: FrameWalker) {
    this.state = state;
    this.walker = fromCaller;
  }

  /** `limitMs` is null while the caller can't send, for want of somebody who takes it. */
  check(limitMs: number | null): void {
    const { state, walker, framePace } = this;
    if (framePace.isSlow(limitMs === null ? null : walker.underWay, state.now, limitMs ?? 0)) {
      state.close('NO_ERROR', { reason: 'a frame did not come to its end in time', outcome: 'timeout' });
      return;
    }
    if (limitMs !== null && state.now - this.lookedAt < limitMs / LOOKS) return;
    this.lookedAt = state.now;
    for (const stream of state.streams.values())
      if (this.isSlow(stream, limitMs)) state.cancel(stream, 'timeout');
  }

  private isSlow(stream: Stream, limitMs: number | null): boolean {
    const waits = limitMs !== null && this.waitsForCaller(stream);
    if (!waits && stream.pace === null) return false;
    stream.pace ??= new UploadPace();
    return stream.pace.isSlow(waits ? stream : null, this.state.now, limitMs ?? 0);
  }

  /**
   * Whether only the caller can move it on. It can't while its windows are used up, and need not once it is being
   * answered. In gRPC a request is a stream of messages that may rest for as long as both like.
   */
  private waitsForCaller(stream: Stream): boolean {
    if (!stream.requestOpen || stream.isGrpc || stream.status >= FIRST_FINAL_STATUS) return false;
    const { state } = this;
    return state.uploadWindow > 0 && state.upstreamSettings.safeWindow + stream.uploadCredit > 0;
  }
}
