/** Upper bounds of the duration histogram, in milliseconds; a cell's `durations` has one more entry for the rest. */
export const DURATION_BUCKETS_MS = [
  1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000,
] as const;

/** One counter cell per caller workload × destination service × verdict × status class, as deltas since the last message. */
export interface TrafficCell {
  readonly callerNamespace: string;
  readonly callerWorkload: string;
  readonly destination: string;
  readonly protocol: string;
  readonly verdict: string;
  readonly outcome: string;
  readonly statusClass: string;
  readonly exchanges: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  /** Counts per bucket of `DURATION_BUCKETS_MS`, plus one for the rest; and the sum in ms. */
  readonly durations: readonly number[];
  readonly durationSumMs: number;
}
