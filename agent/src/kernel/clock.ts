/** Time as an argument: the core never reads a clock. */
export interface Clock {
  /** Milliseconds since the epoch, for records. */
  now(): number;
  /** Monotonic milliseconds, for durations and deadlines. */
  monotonic(): number;
}

/**
 * The wall clock as it was when this was made, moved on by monotonic time: what goes by it neither ends early nor is drawn out
 * because a clock is set.
 */
export class SteadyClock {
  /** Wall clock at monotonic zero. */
  readonly #epoch: number;

  constructor(clock: Clock) {
    this.#epoch = clock.now() - clock.monotonic();
  }

  /** Milliseconds since the epoch, at that monotonic time. */
  at(monotonic: number): number {
    return this.#epoch + monotonic;
  }
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
};
