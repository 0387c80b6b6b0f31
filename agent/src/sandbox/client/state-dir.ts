import { lstat, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SandboxError } from '../sandbox-error.ts';

/** What `up` leaves for the other commands to find the sandbox by. */
export interface SandboxState {
  readonly name: string;
  /** Process that holds the sandbox's namespaces; it lives exactly as long as the sandbox. */
  readonly holder: ProcessId;
  /** Process that started it, and removes its files when it has ended. */
  readonly launcher: ProcessId;
  /** Made by a user who is not root, so its namespaces belong to a user namespace. */
  readonly userNamespace: boolean;
  readonly nodes: readonly string[];
  /** Directory in the machine's cgroup tree; null when there is no such tree. */
  readonly cgroup: string | null;
}

/** A process id and when it began, since ids come round again. */
export interface ProcessId {
  readonly pid: number;
  /** Clock ticks since boot, as /proc tells it. */
  readonly startTime: string;
}

const STATE_FILE = 'sandbox.json';
/** Longest path that a unix socket can have, less what we put below the state directory. */
const MAX_STATE_DIR = 60;

/** Makes the directory, private and empty; what is in it later is ours to delete. */
export async function claimStateDir(stateDir: string): Promise<void> {
  if (Buffer.byteLength(stateDir) > MAX_STATE_DIR) {
    throw new SandboxError(
      `state directory \`${stateDir}\`: longer than ${MAX_STATE_DIR} bytes, too long for the sockets in it`,
    );
  }
  await mkdir(stateDir, { recursive: true, mode: 0o700 });
  const { uid, mode } = await lstat(stateDir);
  if (uid !== process.getuid?.() || (mode & 0o022) !== 0) {
    throw new SandboxError(`state directory \`${stateDir}\`: others may write to it`);
  }
  if ((await readdir(stateDir)).length > 0) {
    throw new SandboxError(`state directory \`${stateDir}\`: not empty`);
  }
}

export async function writeState(stateDir: string, state: SandboxState): Promise<void> {
  // `wx`: of two that come at once, one has to lose.
  await writeFile(join(stateDir, STATE_FILE), JSON.stringify(state), { mode: 0o600, flag: 'wx' });
}

/** Undefined when there is none, or not yet. */
export async function readState(stateDir: string): Promise<SandboxState | undefined> {
  try {
    return JSON.parse(await readFile(join(stateDir, STATE_FILE), 'utf8')) as SandboxState;
  } catch {
    return undefined;
  }
}

export async function processId(pid: number): Promise<ProcessId | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'latin1');
    // The name in parentheses may hold anything, blanks too; what follows is the state, field 3.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const startTime = fields[19];
    return startTime === undefined || fields[0] === 'Z' ? undefined : { pid, startTime };
  } catch {
    return undefined;
  }
}

export const isAlive = async (process: ProcessId): Promise<boolean> =>
  (await processId(process.pid))?.startTime === process.startTime;
