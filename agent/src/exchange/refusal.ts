import type { Refusal } from './watch.ts';

/** gRPC's PERMISSION_DENIED and RESOURCE_EXHAUSTED. */
export const PERMISSION_DENIED = 7;
const RESOURCE_EXHAUSTED = 8;

/** The fields that an answer to a refused request has of its own. */
export function refusalFields({
  retryAfterSeconds,
  headers = [],
}: Refusal): readonly (readonly [string, string])[] {
  return retryAfterSeconds === undefined ? headers : [['retry-after', String(retryAfterSeconds)], ...headers];
}

export const grpcStatusOf = ({ status, grpcStatus }: Refusal): number =>
  grpcStatus ?? (status === 429 ? RESOURCE_EXHAUSTED : PERMISSION_DENIED);
