import type { Exchange } from '../exchange/exchange.ts';

/** A body that grows by less than this in the time it has for it is only there to hold the connection. */
export const UPLOAD_STEP = 65_536;

/**
 * Notices a request body that comes too slowly. Asked now and then instead of counting along, so that a body that
 * keeps pace costs nothing.
 */
export class UploadPace {
  private startedAt = 0;
  private bytes = 0;
  private since = 0;

  /** True when `exchange` has not grown by `UPLOAD_STEP` for `limitMs`; null when nobody is to be waited for. */
  isSlow(exchange: Pick<Exchange, 'startedAt' | 'bytesSent'> | null, now: number, limitMs: number): boolean {
    if (exchange === null) {
      this.startedAt = 0;
      return false;
    }
    if (exchange.startedAt === this.startedAt && exchange.bytesSent - this.bytes < UPLOAD_STEP)
      return now - this.since > limitMs;
    this.startedAt = exchange.startedAt;
    this.bytes = exchange.bytesSent;
    this.since = now;
    return false;
  }
}
