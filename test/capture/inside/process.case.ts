import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import { cgroupMounts } from '../../../agent/src/capture/own-cgroup.ts';

it('ends the whole process when it could stay behind in a namespace', () => {
  const { signal, stderr } = spawnSync(
    process.execPath,
    [new URL('lost-thread.ts', import.meta.url).pathname],
    {
      encoding: 'utf8',
      timeout: 60_000,
    },
  );
  expect(signal).toBe('SIGABRT');
  expect(stderr).toContain('an exception inside a namespace, ending the process: Error: a bug');
});

const cgroups = cgroupMounts(readFileSync('/proc/self/mountinfo', 'utf8')).find(
  ({ root }) => root === '/',
)?.path;
const parent = `${cgroups}/eastwall-test-${process.pid}`;

/** A cgroup of the test's own needs cgroup v2 and the right to make one there. */
function mayMakeCgroups(): boolean {
  try {
    mkdirSync(parent);
    rmdirSync(parent);
    return true;
  } catch {
    return false;
  }
}

it.runIf(mayMakeCgroups())('exempts by cgroup where the agent has one of its own', () => {
  mkdirSync(parent);
  try {
    const script = new URL('probe.ts', import.meta.url).pathname;
    const { stdout, stderr } = spawnSync(process.execPath, [script, `${parent}/cgroup.procs`], {
      encoding: 'utf8',
      timeout: 60_000,
    });
    const path = parent.slice(cgroups?.length);
    expect(JSON.parse(stdout || stderr)).toEqual({
      kind: 'cgroup',
      path,
      why: 'proven with connections from inside and outside of the cgroup',
    });
  } finally {
    rmdirSync(parent);
  }
  expect(existsSync(`${cgroups}/eastwall-probe-${process.pid}`)).toBe(false);
});
