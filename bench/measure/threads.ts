import { readdirSync, readFileSync } from 'node:fs';

export interface Thread {
  /** What it is called; Node calls a worker as it was named. */
  readonly name: string;
  /** On a core so far. */
  readonly cpuMs: number;
}

const NS_PER_MS = 1e6;

/** The threads of a process, with their CPU to the nanosecond: `stat` counts in hundredths of seconds. */
export function threadsOf(pid: number): Thread[] {
  const folder = `/proc/${pid}/task`;
  return readdirSync(folder).flatMap((id) => {
    try {
      const [ran] = readFileSync(`${folder}/${id}/schedstat`, 'utf8').split(' ');
      return [{ name: readFileSync(`${folder}/${id}/comm`, 'utf8').trim(), cpuMs: Number(ran) / NS_PER_MS }];
    } catch {
      // It has ended meanwhile.
      return [];
    }
  });
}
