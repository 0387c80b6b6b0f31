/**
 * Rates of unexplained ids (or of misses) in 64 steps of equal ratio from 1 % to 32 %. A key holds its rate as such
 * a level, one byte, and all logarithms that the CUSUMs need are tables. A rate is rounded up, towards silence.
 */
export const MIN_RATE = 0.01;
/** What is unexplained this often is not informative: an attacker would not stand out. */
export const MAX_RATE = 0.32;
export const LEVELS = 64;
export const NOT_INFORMATIVE = LEVELS - 1;

const STEP = Math.log(MAX_RATE / MIN_RATE) / (LEVELS - 1);

export function levelOf(rate: number): number {
  if (rate <= MIN_RATE) return 0;
  if (rate >= MAX_RATE) return NOT_INFORMATIVE;
  return Math.min(NOT_INFORMATIVE, Math.ceil(Math.log(rate / MIN_RATE) / STEP));
}

const RATES = Float64Array.from({ length: LEVELS }, (_, level) => MIN_RATE * Math.exp(level * STEP));

export function rateOf(level: number): number {
  return RATES[level] ?? MAX_RATE;
}
