import type { Refusal } from '../exchange/watch.ts';
import type { LimitRefusal } from './limits.ts';

const SECOND_US = 1_000_000;

/**
 * What the caller is told of the limit it has met: when to come back (RFC 9110 §10.2.3), and the limit itself
 * (draft-ietf-httpapi-ratelimit-headers-11: a quota, its window in seconds, what is left of it). Names come from
 * policies and need no escape in a quoted string.
 */
export function limitAnswer({ decision, limit, retryMs }: LimitRefusal): Refusal {
  const retryAfterSeconds = Math.max(1, Math.ceil(retryMs / 1_000));
  const { name, rate } = limit;
  if (rate === null) return { decision, status: 429, retryAfterSeconds };
  const policy = `"${name}";q=${rate.tokens};w=${rate.windowUs / SECOND_US}`;
  const left = `"${name}";r=0;t=${retryAfterSeconds}`;
  const headers = [['ratelimit-policy', policy] as const, ['ratelimit', left] as const];
  return { decision, status: 429, retryAfterSeconds, headers };
}
