/** Time as an argument: the core never reads a clock. */
export interface Clock {
  /** Milliseconds since the epoch, for records. */
  now(): number;
  /** Monotonic milliseconds, for durations and deadlines. */
  monotonic(): number;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
};
