import { existsSync, globSync, readFileSync } from 'node:fs';
import type { SandboxState } from '../../agent/src/sandbox/client/state-dir.ts';

/** What of a sandbox is still on the machine. Others may run at the same time, so it looks for this one's names. */
export function traces(stateDir: string, state: SandboxState, marker: string): string[] {
  const processes = globSync('/proc/[0-9]*/cmdline').filter((file) => {
    const line = read(file);
    return line.includes(marker) || line.includes(stateDir);
  });
  const mounts = read('/proc/self/mountinfo')
    .split('\n')
    .filter((line) => line.includes(stateDir));
  const files = [stateDir, state.cgroup].filter((path) => path !== null && existsSync(path));
  return [...processes, ...mounts, ...files.map(String)];
}

/** Empty for what has gone while we looked. */
function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
