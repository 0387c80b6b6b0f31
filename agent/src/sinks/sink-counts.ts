/** Why an event did not get where it was to go. */
export const DROP_REASONS = [
  /** More came than could be written down. */
  'queue_full',
  /** As much waits as may. */
  'spool_full',
  /** The disk did not take it. */
  'disk',
  /** The receiver does not want it. */
  'refused',
  /** More than may be told in a while. */
  'rate',
] as const;
export type DropReason = (typeof DROP_REASONS)[number];

/** What has become of the events of one sink, and what is wrong with it now. */
export class SinkCounts {
  readonly sink: string;
  /** Written down, so that they outlive the agent; for sinks that write nothing down, taken. */
  accepted = 0;
  delivered = 0;
  /** Attempts that the receiver has to be asked again after. */
  retries = 0;
  readonly dropped: Record<DropReason, number> = {
    queue_full: 0,
    spool_full: 0,
    disk: 0,
    refused: 0,
    rate: 0,
  };
  /** Why nothing can be written; null when the last write went well. */
  diskProblem: string | null = null;
  /** Why the receiver has not got it; null when it has. */
  receiverProblem: string | null = null;

  constructor(sink: string) {
    this.sink = sink;
  }

  /** Null when all is well. Events that the disk does not take are lost, others only wait: so that is told first. */
  get problem(): string | null {
    return this.diskProblem ?? this.receiverProblem;
  }

  drop(reason: DropReason, count: number): void {
    this.dropped[reason] += count;
  }
}
