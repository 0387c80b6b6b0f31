/**
 * Counts events per interval. Intervals follow each other from the first event on, so a meter costs few numbers. Events that
 * something else explains don't count.
 */
export class FloodMeter {
  private readonly limit: number;
  private readonly intervalMs: number;
  private readonly maxExplained: number;
  private since = Number.NEGATIVE_INFINITY;
  private count = 0;
  private explained = 0;

  constructor(limit: number, intervalMs: number, maxExplained = 0) {
    this.limit = limit;
    this.intervalMs = intervalMs;
    this.maxExplained = maxExplained;
  }

  /** So many more events are explained, whenever they come; up to a bound, since they have a cost all the same. */
  explain(events: number): void {
    this.explained = Math.min(this.explained + events, this.maxExplained);
  }

  /** Counts one event at `now` (monotonic milliseconds); true when that is one too many. */
  overflows(now: number): boolean {
    if (this.explained > 0) {
      this.explained--;
      return false;
    }
    if (now - this.since >= this.intervalMs) {
      this.since = now;
      this.count = 0;
    }
    this.count++;
    return this.count > this.limit;
  }
}
