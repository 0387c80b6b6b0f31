/** As parts of the evidence that is worth an alert (12, 16 and 25 nats where a key has that rate for once a week). */
export const AUDIT_AT = 12 / 16;
export const ACT_AT = 25 / 16;

/** Below this a handful of related requests would be an alert. */
export const LEAST_ALERT = 14;
export const DEFAULT_ALERT = 16;
const MOST_BY_BUDGET = 22;
/** Two on unexplained ids, one on misses. */
const CUSUMS = 3;
/** So much rarer than the budget are false alarms meant to be: usual traffic is never quite what it is taken for. */
const RARER = Math.log(50);

/**
 * The threshold, in nats, that keeps false alerts of one key within a budget. A CUSUM raises a false alarm at most
 * once in e^h observations (Lorden's bound), so with that many requests a week it needs h ≥ ln(requests / budget).
 */
export function alertThreshold(requestsPerWeek: number, alertsPerWeek: number): number {
  const needed = Math.log(Math.max(1, CUSUMS * requestsPerWeek) / alertsPerWeek);
  return Math.min(MOST_BY_BUDGET, Math.max(LEAST_ALERT, needed));
}

/**
 * The same for evidence whose usual observations follow one another as they are taken to. `calm` is the logarithm of
 * what one of them takes away on average: where that is little, it takes more of them for a false alarm (Siegmund).
 */
export function rareAlertThreshold(least: number, calm: number): number {
  return Math.min(MOST_BY_BUDGET, Math.max(LEAST_ALERT, least + RARER + calm));
}
