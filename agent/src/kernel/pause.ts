import { setTimeout as sleep } from 'node:timers/promises';

/** Resolves after so many milliseconds, or at once when the signal cuts it short; which of them, the signal tells. */
export const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  sleep(ms, undefined, { signal }).catch(() => undefined);
