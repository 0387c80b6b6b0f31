/** Streams kept at once; one more and the oldest is told to stop. */
const MAX_OPEN = 100;
/** Milliseconds after which a caller that has its answer and has not ended its request is told to stop. */
const PATIENCE_MS = 1000;

/**
 * Denied requests whose content is still coming. RST_STREAM right behind an answer is allowed (RFC 9113 §8.1), but some
 * clients then report the reset and lose the answer, and most requests end by themselves a moment later. So a caller
 * is only told to stop when it sends much, or takes its time.
 */
export class AnsweredStreams {
  private readonly open = new Map<number, { bytes: number; readonly since: number }>();

  add(streamId: number, now: number): void {
    this.open.set(streamId, { bytes: 0, since: now });
  }

  end(streamId: number): void {
    this.open.delete(streamId);
  }

  /** Counts content that is thrown away; true, once, when that was more than `limit`. */
  exceeds(streamId: number, bytes: number, limit: number): boolean {
    const stream = this.open.get(streamId);
    if (stream === undefined) return false;
    stream.bytes += bytes;
    return stream.bytes > limit && this.open.delete(streamId);
  }

  /** Takes out one stream that has to be told to stop now; 0 when there is none. */
  takeOverdue(now: number): number {
    for (const [streamId, { since }] of this.open) {
      if (this.open.size <= MAX_OPEN && now - since < PATIENCE_MS) return 0;
      this.open.delete(streamId);
      return streamId;
    }
    return 0;
  }
}
