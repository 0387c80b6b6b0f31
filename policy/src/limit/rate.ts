/** Tokens that come at a steady pace into a bucket that holds `burst` of them. All are integers. */
export interface Rate {
  readonly tokens: number;
  /** Microseconds in which that many tokens come. */
  readonly windowUs: number;
  readonly burst: number;
}

export const SECOND_US = 1_000_000;
const UNITS_US: Readonly<Record<string, number>> = {
  s: SECOND_US,
  m: 60 * SECOND_US,
  h: 3_600 * SECOND_US,
};

/** Tokens per unit: up to one per microsecond, which is the clock's step. */
export const MAX_TOKENS = 1_000_000;
export const RATE_PATTERN = '^[1-9][0-9]{0,5}/[smh]$|^1000000/[smh]$';

/** Leases hand out up to a quarter of the burst per tick of some ten milliseconds, so a smaller one could not keep up. */
const LEAST_BURST_US = SECOND_US / 4;
/** Unless written otherwise: what comes in a second, or this much where less comes. */
const COMMON_BURST = 10;

/** `100/s`, `600/m`, `5000/h`; null when the text is no rate. */
export function parseRate(text: string): Omit<Rate, 'burst'> | null {
  if (!new RegExp(RATE_PATTERN).test(text)) return null;
  const windowUs = UNITS_US[text.slice(-1)];
  return windowUs === undefined ? null : { tokens: Number.parseInt(text, 10), windowUs };
}

/** The smallest burst with which the rate can be reached. */
export function leastBurst({ tokens, windowUs }: Omit<Rate, 'burst'>): number {
  return Math.max(1, Math.ceil((tokens * LEAST_BURST_US) / windowUs));
}

/** A second's worth; of slow rates ten at once, as long as these are no more than a whole unit's. */
export function defaultBurst({ tokens, windowUs }: Omit<Rate, 'burst'>): number {
  return Math.min(tokens, Math.max(COMMON_BURST, Math.ceil((tokens * SECOND_US) / windowUs)));
}

/** Microseconds until `count` tokens have come for sure. */
export function timeFor({ tokens, windowUs }: Rate, count: number): number {
  return Math.ceil((count * windowUs) / tokens);
}

/**
 * Microseconds that `count` tokens are worth when they are taken: rounded down, else a bucket that is emptied one by one
 * would give less than its burst. A lease is too cheap by less than a microsecond.
 */
export function debitFor({ tokens, windowUs }: Rate, count: number): number {
  return Math.floor((count * windowUs) / tokens);
}

/** Whole tokens that come in a time. */
export function tokensIn({ tokens, windowUs }: Rate, timeUs: number): number {
  return Math.floor((timeUs * tokens) / windowUs);
}
