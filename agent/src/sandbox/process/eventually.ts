import { setTimeout as delay } from 'node:timers/promises';

export interface Patience {
  readonly withinMs: number;
  readonly everyMs?: number;
}

/** Asks until the answer is yes; false when it stayed no for so long. */
export async function eventually(
  ask: () => boolean | Promise<boolean>,
  { withinMs, everyMs = 20 }: Patience,
): Promise<boolean> {
  const deadline = performance.now() + withinMs;
  while (!(await ask())) {
    if (performance.now() >= deadline) return false;
    await delay(everyMs);
  }
  return true;
}
