const SECOND = 1;
const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const YEAR = 365 * DAY;

/** The time since `timestamp` as `kubectl` shows ages; `now` in milliseconds since the epoch. */
export function age(timestamp: unknown, now: number): string {
  const since = typeof timestamp === 'string' ? Date.parse(timestamp) : Number.NaN;
  return Number.isNaN(since) ? '<unknown>' : humanDuration(Math.floor((now - since) / 1000));
}

/** Two units where the second one still says something, one where it doesn't: `119s`, `5m3s`, `47h`, `3d4h`. */
export function humanDuration(seconds: number): string {
  if (seconds < 0) return seconds < -1 ? '<invalid>' : '0s';
  if (seconds < 2 * MINUTE) return `${seconds}s`;
  if (seconds < 10 * MINUTE) return units(seconds, { unit: MINUTE, name: 'm', rest: SECOND, restName: 's' });
  if (seconds < 3 * HOUR) return `${Math.floor(seconds / MINUTE)}m`;
  if (seconds < 8 * HOUR) return units(seconds, { unit: HOUR, name: 'h', rest: MINUTE, restName: 'm' });
  if (seconds < 2 * DAY) return `${Math.floor(seconds / HOUR)}h`;
  if (seconds < 8 * DAY) return units(seconds, { unit: DAY, name: 'd', rest: HOUR, restName: 'h' });
  if (seconds < 2 * YEAR) return `${Math.floor(seconds / DAY)}d`;
  if (seconds < 8 * YEAR) return units(seconds, { unit: YEAR, name: 'y', rest: DAY, restName: 'd' });
  return `${Math.floor(seconds / YEAR)}y`;
}

interface Units {
  readonly unit: number;
  readonly name: string;
  readonly rest: number;
  readonly restName: string;
}

function units(seconds: number, { unit, name, rest, restName }: Units): string {
  const remainder = Math.floor((seconds % unit) / rest);
  const whole = `${Math.floor(seconds / unit)}${name}`;
  return remainder === 0 ? whole : `${whole}${remainder}${restName}`;
}
