import { duration } from '../config/parsers.ts';
import { err, ok, type Result } from '../kernel/result.ts';

const ANY = { min: 0, max: Number.MAX_SAFE_INTEGER };

/** `5m` before `now`, or a time as RFC 3339 writes it; milliseconds since the epoch. */
export function parseSince(text: string, now: number): Result<number, string> {
  const ago = duration(ANY)(text);
  if (ago.ok) return ok(Math.max(0, now - ago.value));
  const time = /^\d{4}-\d\d-\d\dT/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(time)) return err('neither a duration like `5m` nor a time like `2026-01-31T12:00:00Z`');
  return ok(Math.max(0, time));
}
