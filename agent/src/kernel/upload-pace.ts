/** A body that grows by less than this in the time it has for it is only there to hold the connection. */
export const UPLOAD_STEP = 65_536;

/** What comes in from a caller: the body of a request, or a part of one. */
export interface Upload {
  /** Tells it from the one before. */
  readonly startedAt: number;
  readonly bytesSent: number;
}

const NONE = -1;

/**
 * Notices what comes too slowly. Asked now and then instead of counting along, so that a body that keeps pace costs
 * nothing.
 */
export class UploadPace {
  private startedAt = NONE;
  private bytes = 0;
  private since = 0;

  /** True when `upload` has not grown by `UPLOAD_STEP` for `limitMs`; null when nobody is to be waited for. */
  isSlow(upload: Upload | null, now: number, limitMs: number): boolean {
    if (upload === null) {
      this.startedAt = NONE;
      return false;
    }
    if (upload.startedAt === this.startedAt && upload.bytesSent - this.bytes < UPLOAD_STEP)
      return now - this.since > limitMs;
    this.startedAt = upload.startedAt;
    this.bytes = upload.bytesSent;
    this.since = now;
    return false;
  }
}
