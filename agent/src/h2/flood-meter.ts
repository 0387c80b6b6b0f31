/** Counts events per interval. Intervals follow each other from the first event on, so a meter costs two numbers. */
export class FloodMeter {
  private readonly limit: number;
  private readonly intervalMs: number;
  private since = Number.NEGATIVE_INFINITY;
  private count = 0;

  constructor(limit: number, intervalMs: number) {
    this.limit = limit;
    this.intervalMs = intervalMs;
  }

  /** Counts one event at `now` (monotonic milliseconds); true when that is one too many. */
  overflows(now: number): boolean {
    if (now - this.since >= this.intervalMs) {
      this.since = now;
      this.count = 0;
    }
    this.count++;
    return this.count > this.limit;
  }
}
