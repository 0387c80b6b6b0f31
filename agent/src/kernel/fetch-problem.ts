import { messageOf } from './message-of.ts';

/** What went wrong with `fetch`. Undici says only `fetch failed`; what failed is in the cause. */
export function fetchProblem(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return messageOf(cause);
}
