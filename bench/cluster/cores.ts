import { execFileSync } from 'node:child_process';
import { availableParallelism } from 'node:os';

/** What is measured has this core to itself; load, backend and everything else share the others. */
const MEASURED_CORE = '0';

const otherCores = (): string => {
  const cores = availableParallelism();
  if (cores < 2) throw new Error('at least two cores are needed: one for what is measured, one for the load');
  return `1-${cores - 1}`;
};

/** Keeps this process, and with it every process that it starts, off the measured core. */
export function leaveMeasuredCore(): void {
  setAffinity(process.pid, otherCores());
}

/** Prefix for a command that is to be measured. */
export const ON_MEASURED_CORE: readonly string[] = ['taskset', '--cpu-list', MEASURED_CORE];

/** Moves running processes, with all their threads, to the measured core. */
export function moveToMeasuredCore(pids: readonly number[]): void {
  for (const pid of pids) setAffinity(pid, MEASURED_CORE);
}

function setAffinity(pid: number, cores: string): void {
  execFileSync('taskset', ['--all-tasks', '--cpu-list', '--pid', cores, String(pid)], { stdio: 'ignore' });
}
