/** How far back it surely reaches, in ms; longer than most look. */
const REACH_MS = 60_000;

/** The largest value of the last minute or two. Looking changes nothing: several may look, each as often as it likes. */
export class RecentPeak {
  #now = 0;
  #before = 0;
  #since = 0;

  /** Time is monotonic. */
  note(value: number, now: number): void {
    this.#advance(now);
    this.#now = Math.max(this.#now, value);
  }

  of(now: number): number {
    this.#advance(now);
    return Math.max(this.#now, this.#before);
  }

  #advance(now: number): void {
    const age = now - this.#since;
    if (age < REACH_MS) return;
    this.#before = age < 2 * REACH_MS ? this.#now : 0;
    this.#now = 0;
    this.#since = now;
  }
}
