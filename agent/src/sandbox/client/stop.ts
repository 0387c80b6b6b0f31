import { access } from 'node:fs/promises';
import { eventually } from '../process/eventually.ts';
import { SandboxError } from '../sandbox-error.ts';
import { sweep } from './launch.ts';
import { SandboxClient } from './sandbox-client.ts';
import { isAlive, readState } from './state-dir.ts';

/** A supervisor that doesn't end by itself within so long is killed. */
const PATIENCE_MS = 5000;

/** Ends the sandbox from another process; when it returns nothing of it is left. Throws when there is none. */
export async function stopSandbox(stateDir: string): Promise<'stopped' | 'cleaned'> {
  const state = await readState(stateDir);
  if (state === undefined) throw new SandboxError(`no sandbox is running in \`${stateDir}\``);
  const wasAlive = await isAlive(state.holder);
  if (wasAlive && !(await endsByItself(stateDir))) process.kill(state.holder.pid, 'SIGKILL');
  const over = await eventually(async () => !(await isAlive(state.holder)), { withinMs: PATIENCE_MS });
  if (!over) throw new SandboxError(`process ${state.holder.pid} of the sandbox can't be killed`);
  // Whoever started it clears up after it, unless it was killed too.
  if (!wasAlive || !(await eventually(() => gone(stateDir), { withinMs: PATIENCE_MS }))) {
    await sweep(stateDir, state.cgroup);
  }
  return wasAlive ? 'stopped' : 'cleaned';
}

async function endsByItself(stateDir: string): Promise<boolean> {
  try {
    const client = await SandboxClient.attach(stateDir);
    await client.requestStop();
    client.close();
  } catch {
    return false;
  }
  return eventually(async () => (await readState(stateDir)) === undefined, { withinMs: PATIENCE_MS });
}

const gone = (path: string): Promise<boolean> =>
  access(path).then(
    () => false,
    () => true,
  );
