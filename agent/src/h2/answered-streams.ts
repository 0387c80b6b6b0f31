/** Streams kept at once; one more and the oldest is told to stop. */
const MAX_OPEN = 100;
/** Milliseconds after which a caller that has its answer and has not ended its request is told to stop. */
const PATIENCE_MS = 1000;
/** The same where it sends much: time enough to read the answer before it reads that it is to stop. */
const SHORT_PATIENCE_MS = 100;

interface Answered {
  bytes: number;
  /** When the answer went out, or much had been sent after it. */
  since: number;
}

/**
 * Denied requests whose content is still coming. RST_STREAM right behind an answer is allowed (RFC 9113 §8.1), but some
 * clients, curl among them, then report the reset and lose the answer, and most requests end by themselves a moment later.
 * So a caller is only told to stop when it takes its time, or sends much, and never in the same breath: what it sends
 * meanwhile is bounded by the window that the stream began with, since nobody grants it more.
 */
export class AnsweredStreams {
  private readonly open = new Map<number, Answered>();
  /** Those that have sent much. */
  private readonly eager = new Map<number, Answered>();
  private unsent: Answered[] = [];

  add(streamId: number): void {
    const stream = { bytes: 0, since: Number.POSITIVE_INFINITY };
    this.open.set(streamId, stream);
    this.unsent.push(stream);
  }

  /** All answers are out: until then a caller has nothing to read. */
  sent(now: number): void {
    if (this.unsent.length === 0) return;
    for (const stream of this.unsent) stream.since = now;
    this.unsent = [];
  }

  end(streamId: number): void {
    this.open.delete(streamId);
    this.eager.delete(streamId);
  }

  /** Counts content that is thrown away; more than `limit` is much. */
  count(streamId: number, bytes: number, { limit, now }: { limit: number; now: number }): void {
    const stream = this.open.get(streamId);
    if (stream === undefined) return;
    stream.bytes += bytes;
    if (stream.bytes <= limit) return;
    this.open.delete(streamId);
    this.eager.set(streamId, stream);
    if (stream.since < now) stream.since = now;
  }

  /** Takes out one stream that has to be told to stop now; 0 when there is none. */
  takeOverdue(now: number): number {
    for (const [streamId, { since }] of this.eager) {
      if (this.eager.size <= MAX_OPEN && now - since < SHORT_PATIENCE_MS) break;
      this.eager.delete(streamId);
      return streamId;
    }
    for (const [streamId, { since }] of this.open) {
      if (this.open.size <= MAX_OPEN && now - since < PATIENCE_MS) return 0;
      this.open.delete(streamId);
      return streamId;
    }
    return 0;
  }
}
