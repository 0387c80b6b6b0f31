import { systemClock } from '../kernel/clock.ts';

export interface RoundsOptions {
  readonly everyMs: number;
  readonly soonMs: number;
}

/** Something that is done at regular times, and sooner when there is a reason: once for all reasons until then. */
export class Rounds {
  readonly #round: (now: number) => void;
  readonly #options: RoundsOptions;
  #sooner: NodeJS.Timeout | null = null;
  /** When it came last, in monotonic ms. */
  #last = systemClock.monotonic();

  constructor(round: (now: number) => void, options: RoundsOptions) {
    this.#round = round;
    this.#options = options;
    setInterval(() => this.#go(systemClock.monotonic()), options.everyMs);
  }

  /** From within a turn of the event loop that may take long: does what has been due for as long as it waits otherwise. */
  catchUp(now: number): void {
    if (now - this.#last >= 2 * this.#options.everyMs) this.#go(now);
  }

  soon(): void {
    this.#sooner ??= setTimeout(() => this.#go(systemClock.monotonic()), this.#options.soonMs);
  }

  #go(now: number): void {
    if (this.#sooner !== null) clearTimeout(this.#sooner);
    this.#sooner = null;
    this.#last = now;
    this.#round(now);
  }
}
