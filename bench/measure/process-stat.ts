import { readFileSync } from 'node:fs';

/** One process as /proc shows it. */
export interface ProcessStat {
  readonly pid: number;
  readonly parent: number;
  /** Clock ticks of CPU in user and kernel mode: all threads, and the children that have ended. */
  readonly cpuTicks: number;
  readonly rssPages: number;
}

/** Field numbers of /proc/<pid>/stat as proc(5) counts them, less the two before the command's closing bracket. */
const FIELD = { parent: 4, utime: 14, stime: 15, cutime: 16, cstime: 17, rss: 24 } as const;

export function parseStat(text: string): ProcessStat {
  // The command may hold spaces and brackets, so fields are counted from the last bracket.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const field = (number: number) => Number(fields[number - 3]);
  return {
    pid: Number.parseInt(text, 10),
    parent: field(FIELD.parent),
    cpuTicks: field(FIELD.utime) + field(FIELD.stime) + field(FIELD.cutime) + field(FIELD.cstime),
    rssPages: field(FIELD.rss),
  };
}

/** Null when the process has ended. */
export function readStat(pid: number): ProcessStat | null {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return null;
  }
}
