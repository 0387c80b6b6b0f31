import { access } from 'node:fs/promises';
import { eventually } from '../process/eventually.ts';
import { SandboxError } from '../sandbox-error.ts';
import { sweep } from './launch.ts';
import { SandboxClient } from './sandbox-client.ts';
import { isAlive, type ProcessId, readState } from './state-dir.ts';

/** A supervisor that doesn't end by itself within so long is killed. */
const PATIENCE_MS = 5000;

/** Ends the sandbox from another process; when it returns nothing of it is left. Throws when there is none. */
export async function stopSandbox(stateDir: string): Promise<'stopped' | 'cleaned'> {
  const state = await readState(stateDir);
  if (state === undefined) throw new SandboxError(`no sandbox is running in \`${stateDir}\``);
  const { holder, launcher, cgroup } = state;
  const wasAlive = await isAlive(holder);
  if (wasAlive && !(await endsByItself(stateDir, holder))) process.kill(holder.pid, 'SIGKILL');
  if (!(await ends(holder))) throw new SandboxError(`process ${holder.pid} of the sandbox can't be killed`);
  // Whoever started it clears up after it, unless it was killed too.
  await eventually(async () => (await gone(stateDir)) || !(await isAlive(launcher)), {
    withinMs: PATIENCE_MS,
  });
  if (!(await gone(stateDir))) await sweep(stateDir, cgroup);
  return wasAlive ? 'stopped' : 'cleaned';
}

async function endsByItself(stateDir: string, holder: ProcessId): Promise<boolean> {
  try {
    const client = await SandboxClient.attach(stateDir);
    await client.requestStop();
    client.close();
  } catch {
    // Not ready yet, or on its way out.
  }
  return ends(holder);
}

const ends = (holder: ProcessId): Promise<boolean> =>
  eventually(async () => !(await isAlive(holder)), { withinMs: PATIENCE_MS });

const gone = (path: string): Promise<boolean> =>
  access(path).then(
    () => false,
    () => true,
  );
