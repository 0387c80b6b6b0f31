import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { cgroupMount } from '../kubelet/cgroups.ts';
import { nodesDirectory } from '../kubelet/node-paths.ts';
import { tryRemoveCgroup } from '../process/cgroup-tree.ts';
import { eventually } from '../process/eventually.ts';
import { succeeds } from '../process/run.ts';
import type { SandboxSpec } from '../protocol.ts';

const WITHIN_MS = 2000;

/**
 * Takes away what outlives the namespaces, cgroups and files, however far the start has come. The launcher does
 * that too when it still can; nobody else would, once it is dead.
 */
export async function leave({ stateDir, name }: Pick<SandboxSpec, 'stateDir' | 'name'>): Promise<void> {
  const cgroup = join(cgroupMount(stateDir), name);
  // Again each time: a kubelet may just have restarted something.
  await eventually(() => killAll() && tryRemoveCgroup(cgroup), { withinMs: WITHIN_MS });
  for (const mounted of [cgroupMount(stateDir), nodesDirectory(stateDir)])
    await succeeds(['umount', '-l', mounted]);
  await rm(stateDir, { recursive: true, force: true });
}

/** Everything but ourselves: the kernel leaves the first process of a PID namespace out. */
function killAll(): true {
  try {
    process.kill(-1, 'SIGKILL');
  } catch {
    // There is nobody left.
  }
  return true;
}
