import type { LimitRefusal } from './limits.ts';

type Field = readonly [name: string, value: string];

const SECOND_US = 1_000_000;

/**
 * What the caller is told of the limit it has met: when to come back (RFC 9110 §10.2.3), and the limit itself
 * (draft-ietf-httpapi-ratelimit-headers-11: a quota, its window in seconds, what is left of it). Names come from
 * policies and need no escape in a quoted string.
 */
export function limitFields({ limit, retryMs }: LimitRefusal): readonly Field[] {
  const wait = Math.max(1, Math.ceil(retryMs / 1_000));
  const retry: Field = ['retry-after', String(wait)];
  const { name, rate } = limit;
  if (rate === null) return [retry];
  const policy = `"${name}";q=${rate.tokens};w=${rate.windowUs / SECOND_US}`;
  return [retry, ['ratelimit-policy', policy], ['ratelimit', `"${name}";r=0;t=${wait}`]];
}
