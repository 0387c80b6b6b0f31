import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { type ProcessStat, readStat } from './process-stat.ts';

const getconf = (name: string) => Number(execFileSync('getconf', [name], { encoding: 'utf8' }));

const TICKS_PER_SECOND = getconf('CLK_TCK');
const PAGE_KIB = getconf('PAGESIZE') / 1024;

export interface Usage {
  readonly cpuMicroseconds: number;
  readonly rssKib: number;
}

/** The process and all below it. */
export function treeOf(root: number): ProcessStat[] {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => readStat(Number(name)))
    .filter((stat) => stat !== null);
  const children = Map.groupBy(all, ({ parent }) => parent);
  const below = (stat: ProcessStat): ProcessStat[] => [
    stat,
    ...(children.get(stat.pid) ?? []).flatMap(below),
  ];
  return all.filter(({ pid }) => pid === root).flatMap(below);
}

/**
 * CPU and resident memory of whole process trees. Children that ended keep counting, through their parent, so
 * the difference of two samples is the CPU spent between them, whatever came and went.
 */
export function usageOf(roots: readonly number[]): Usage {
  const processes = roots.flatMap(treeOf);
  const sum = (value: (stat: ProcessStat) => number) =>
    processes.reduce((total, stat) => total + value(stat), 0);
  return {
    cpuMicroseconds: (sum(({ cpuTicks }) => cpuTicks) * 1e6) / TICKS_PER_SECOND,
    rssKib: sum(({ rssPages }) => rssPages) * PAGE_KIB,
  };
}

/** Processes below `root` whose command line begins with these words. */
export function findBelow(root: number, command: readonly string[]): number[] {
  return treeOf(root)
    .map(({ pid }) => pid)
    .filter((pid) => {
      const actual = commandOf(pid);
      return command.every((word, at) => actual[at] === word);
    });
}

/** Empty when the process has ended. */
export function commandOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return [];
  }
}
