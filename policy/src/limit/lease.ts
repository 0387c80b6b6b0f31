import type { Rate } from './rate.ts';

/** What one holder of tokens tells the store about one bucket, and asks of it. */
export interface LeaseAsk {
  /** Number of the bucket with the holder. */
  readonly bucket: number;
  /** Names the bucket to the store; whoever uses the same shares it. */
  readonly key: string;
  readonly rate: Rate;
  readonly want: number;
  /** Fewer tokens are of no use: what the next request costs. */
  readonly least: number;
  /** Tokens spent ahead of a lease, less those of leases that came to nothing. */
  readonly owed: number;
  /** Tokens spent while the store was out of reach; they empty the bucket at worst. */
  readonly local: number;
  /** Tokens of the holder's share that were spent so; they are paid in full. */
  readonly late: number;
  /** Microseconds for which the store has been out of reach; 0 where it was not. */
  readonly away: number;
  /** Microseconds in which the holder's own bucket would be full: how much of the burst those without a store have used up. */
  readonly drained: number;
  /** What requests have asked for since the last ask, whether they got it or not. */
  readonly arrived: number;
  /** The store's period in which it was last asked; 0 for never. */
  readonly period: number;
  /** The latest state known of the bucket (`LeaseGrant.tat`): restores what a store has lost. */
  readonly tat: number;
}

export interface LeaseGrant {
  readonly bucket: number;
  readonly granted: number;
  /** Until `least` tokens are there; 0 when they are. */
  readonly retryMs: number;
  /** Tokens that are left. */
  readonly room: number;
  /** Holders that asked in this period or the one before. */
  readonly nodes: number;
  /** What all of them were asked for in the period before. */
  readonly total: number;
  readonly period: number;
  /** When the bucket will be full again, in microseconds of the store's clock. */
  readonly tat: number;
  /** The store was away for all: who has come back goes on with its share for so long, as do those who have not. */
  readonly settlingMs: number;
}
