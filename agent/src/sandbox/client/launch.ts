import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ownCgroup, removeCgroup } from '../process/cgroup-tree.ts';
import { jsonLine, onJsonLines } from '../process/json-lines.ts';
import type { SandboxSpec, SandboxSummary, SupervisorEvent } from '../protocol.ts';
import { SandboxError } from '../sandbox-error.ts';
import { supervisorArgv } from './namespaces.ts';
import { claimStateDir, isAlive, processId, readState, type SandboxState, writeState } from './state-dir.ts';

export interface Launch {
  readonly spec: Omit<SandboxSpec, 'name'>;
  readonly log: (line: string) => void;
}

export interface Launched {
  readonly state: SandboxState;
  readonly summary: SandboxSummary;
  /** Settles when the sandbox has ended and nothing of it is left: asked to from inside, or killed. */
  readonly ended: Promise<Ending>;
  /** Ends it at once; `ended` tells when that is done. */
  end(): void;
}

export type Ending = 'stopped' | 'killed';

const END_TIMEOUT_MS = 5000;
const CAP_SYS_ADMIN = 21n;

/** Starts a sandbox and waits until it is ready; throws when it can't be, with nothing left behind. */
export async function launch({ spec, log }: Launch): Promise<Launched> {
  const { stateDir } = spec;
  await clearAway(stateDir);
  await claimStateDir(stateDir);
  const name = `eastwall-sandbox-${randomBytes(4).toString('hex')}`;
  const userNamespace = !(await mayUnshare());
  const parentCgroup = userNamespace ? null : await ownCgroup();
  const cgroup = parentCgroup === null ? null : join(parentCgroup, name);
  const { child, outcome, exited } = spawnSupervisor({ ...spec, name }, { userNamespace, cgroup, log });
  const ended = exited.then(async (ending) => {
    await sweep(stateDir, cgroup);
    return ending;
  });
  try {
    const holder = child.pid === undefined ? undefined : await processId(child.pid);
    const launcher = await processId(process.pid);
    if (holder === undefined || launcher === undefined) {
      await outcome;
      throw new SandboxError('the sandbox ended at once');
    }
    const state = { name, holder, launcher, userNamespace, nodes: spec.nodes, cgroup };
    await writeState(stateDir, state);
    return { state, summary: await outcome, ended, end: () => endLease(child) };
  } catch (error) {
    endLease(child);
    await ended;
    throw error;
  }
}

/**
 * The supervisor ends when its standard input does, and its holder after everything in the PID namespace has: a
 * killed holder would be gone a moment before the pods.
 */
function endLease(child: ChildProcess): void {
  child.stdin?.destroy();
  setTimeout(() => child.kill('SIGKILL'), END_TIMEOUT_MS).unref();
}

/** What a sandbox left that was killed together with whoever started it is no reason not to start another. */
async function clearAway(stateDir: string): Promise<void> {
  const before = await readState(stateDir);
  if (before === undefined) return;
  if (await isAlive(before.holder)) {
    throw new SandboxError(
      `a sandbox is already running in \`${stateDir}\` (\`eastwall sandbox down\` ends it)`,
    );
  }
  await sweep(stateDir, before.cgroup);
}

/** Removes what a sandbox that has ended leaves in the file system: all else went with its namespaces. */
export async function sweep(stateDir: string, cgroup: string | null): Promise<void> {
  if (cgroup !== null) await removeCgroup(cgroup);
  await rm(stateDir, { recursive: true, force: true });
}

interface Surroundings {
  readonly userNamespace: boolean;
  readonly cgroup: string | null;
  readonly log: (line: string) => void;
}

function spawnSupervisor(spec: SandboxSpec, { userNamespace, cgroup, log }: Surroundings) {
  const [program, ...args] = supervisorArgv(userNamespace, cgroup !== null);
  const env = {
    ...process.env,
    // Where `ip` and `iptables` are; Debian leaves it out for users other than root.
    PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`,
    XTABLES_LOCKFILE: join(spec.stateDir, 'xtables.lock'),
  };
  // A session of its own: Ctrl-C on our terminal must not reach the pods.
  const child = spawn(program, args, { detached: true, stdio: ['pipe', 'pipe', 'pipe'], env });
  const exited = new Promise<Ending>((resolve) => {
    child.once('exit', (code) => resolve(code === 0 ? 'stopped' : 'killed'));
    child.once('error', () => resolve('killed'));
  });
  child.stdin.on('error', () => {});
  child.stdin.write(jsonLine(spec));
  return { child, outcome: awaitReady(child, log), exited };
}

function awaitReady(child: ChildProcess, log: (line: string) => void): Promise<SandboxSummary> {
  const { stdout, stderr } = child;
  let said = '';
  let isReady = false;
  stderr?.setEncoding('utf8').on('data', (text: string) => {
    if (isReady) log(text.trimEnd());
    else said += text;
  });
  const outcome = new Promise<SandboxSummary>((resolve, reject) => {
    if (stdout !== null) {
      onJsonLines(stdout, (value) => {
        const event = value as SupervisorEvent;
        if (event.kind === 'ready') {
          isReady = true;
          resolve(event.summary);
        } else if (event.kind === 'failed') reject(new SandboxError(event.reason));
        else log(event.line);
      });
    }
    child.once('error', reject);
    child.once('close', () => reject(new SandboxError(endedEarly(said.trim()))));
  });
  // It is awaited a little later, and may have failed by then.
  outcome.catch(() => {});
  return outcome;
}

function endedEarly(stderr: string): string {
  if (!stderr.startsWith('unshare:')) return stderr || 'the sandbox ended early';
  return `${stderr}\nthis user may not make namespaces; root may, and the settings that keep others from it are kernel.apparmor_restrict_unprivileged_userns, kernel.unprivileged_userns_clone and user.max_user_namespaces`;
}

/** Whether this process may make namespaces as it is, without a user namespace around them. */
async function mayUnshare(): Promise<boolean> {
  const status = await readFile('/proc/self/status', 'latin1');
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0';
  return ((BigInt(`0x${effective}`) >> CAP_SYS_ADMIN) & 1n) === 1n;
}
