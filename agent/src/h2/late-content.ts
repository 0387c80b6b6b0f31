/**
 * Content that comes for requests which were answered or reset before they were complete: their callers hear of it late, and
 * may go on as far as their streams' windows allow. Added up over all of them, so that closed streams need not be remembered.
 */
export class LateContent {
  private streams = 0;
  private credit = 0;
  private bytes = 0;

  /** A request ends before its content does; `credit` is what was granted beyond the initial window, less what came. */
  expect(credit: number): void {
    this.streams++;
    this.credit += credit;
  }

  /** More is granted for one of them. */
  grant(bytes: number): void {
    this.credit += bytes;
  }

  /** Counts what comes; true when it is more than their windows, of `window` bytes at first, allow. */
  exceeds(bytes: number, window: number): boolean {
    this.bytes += bytes;
    return this.bytes > this.streams * window + this.credit;
  }
}
