import { availableParallelism, hostname } from 'node:os';
import { type Config, formatProblem, load } from '../config/load.ts';

/** The settings of this machine's agent; null when they are wrong, which has been told then. */
export function readConfig(flags: Readonly<Record<string, string | undefined>>): Config | null {
  const loaded = load({
    flags,
    env: process.env,
    machine: { hostname: hostname(), cores: availableParallelism() },
  });
  if (loaded.ok) return loaded.value;
  for (const problem of loaded.error) process.stderr.write(`eastwall: ${formatProblem(problem)}\n`);
  return null;
}
