import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makeDirectory } from './make-directory.ts';
import type { SinkCounts } from './sink-counts.ts';

/** How often a disk is tried that did not take something. */
export const TRIAL_MS = 30_000;
/** As much as is written at once, and more than an event has. */
const TRIAL_BYTES = 64 << 10;

/**
 * Finds out when a disk takes something again. Without it a disk that was full for a moment would be called full until the
 * next event comes, which may be days.
 */
export class DiskTrial {
  readonly #counts: SinkCounts;
  readonly #timer: NodeJS.Timeout;
  #running: Promise<void> | null = null;

  /** `attempt` does what went wrong, in a place where it does no harm. */
  constructor(counts: SinkCounts, attempt: () => Promise<void>, everyMs = TRIAL_MS) {
    this.#counts = counts;
    this.#timer = setInterval(() => {
      // A disk far away may keep one waiting for longer than that.
      if (counts.diskProblem === null || this.#running !== null) return;
      this.#running = this.#try(attempt).finally(() => {
        this.#running = null;
      });
    }, everyMs).unref();
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#running;
  }

  async #try(attempt: () => Promise<void>): Promise<void> {
    const counts = this.#counts;
    const { diskProblem, dropped } = counts;
    const lost = dropped.disk;
    const went = await attempt().then(
      () => true,
      () => false,
    );
    // What really was to be written, meanwhile, knows better.
    if (went && counts.diskProblem === diskProblem && dropped.disk === lost) counts.diskProblem = null;
  }
}

/** Throws what the file system says to a few pages in a new file there. */
export async function tryToWriteIn(directory: string): Promise<void> {
  await makeDirectory(directory);
  const path = join(directory, `.trial-${process.pid}`);
  try {
    const file = await open(path, 'w', 0o600);
    try {
      const { bytesWritten } = await file.write(Buffer.alloc(TRIAL_BYTES));
      if (bytesWritten < TRIAL_BYTES) throw new Error('not all of it was taken');
    } finally {
      await file.close();
    }
  } finally {
    await rm(path, { force: true });
  }
}
