import { readFileSync } from 'node:fs';

/** What one process holds in memory, in KiB. */
export interface ProcessMemory {
  readonly rss: number;
  /** Pages that others map too count by their share. */
  readonly pss: number;
  /** Of its own alone. */
  readonly private: number;
  /** The most that was resident since it started. */
  readonly peak: number;
}

/** Of `/proc/<pid>/smaps_rollup` and `/proc/<pid>/status`. */
export function parseMemory(rollup: string, status: string): ProcessMemory {
  const sum = (text: string, field: RegExp) =>
    [...text.matchAll(field)].reduce((total, [, kib]) => total + Number(kib), 0);
  return {
    rss: sum(rollup, /^Rss: +(\d+) kB/gm),
    pss: sum(rollup, /^Pss: +(\d+) kB/gm),
    private: sum(rollup, /^Private_(?:Clean|Dirty): +(\d+) kB/gm),
    peak: sum(status, /^VmHWM:\s+(\d+) kB/gm),
  };
}

export const memoryOf = (pid: number): ProcessMemory =>
  parseMemory(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'), readFileSync(`/proc/${pid}/status`, 'utf8'));

/**
 * Several processes together, as if nobody else on the machine mapped the same files: what only they share (the pages of
 * one program, above all) counts once. PSS alone would spread it over every `node` of a benchmark, too.
 */
export function together(processes: readonly ProcessMemory[]): ProcessMemory {
  const sum = (field: keyof ProcessMemory) => processes.reduce((total, one) => total + one[field], 0);
  const shared = Math.max(0, ...processes.map((one) => one.rss - one.private));
  return { rss: sum('rss'), pss: sum('private') + shared, private: sum('private'), peak: sum('peak') };
}
