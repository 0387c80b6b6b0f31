/** What a load generator says of one round in which every request was answered with success. */
export interface LoadResult {
  readonly requests: number;
  readonly rps: number;
  /** Missing where the generator does not tell. */
  readonly p50Microseconds?: number;
  readonly p99Microseconds?: number;
}
