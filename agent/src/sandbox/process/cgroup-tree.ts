import { readdir, readFile, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually } from './eventually.ts';

/** Where this process's group of the cgroup v2 tree is in the file system; null without one. */
export async function ownCgroup(): Promise<string | null> {
  const [mounts, groups] = await Promise.all([
    readFile('/proc/self/mountinfo', 'utf8'),
    readFile('/proc/self/cgroup', 'utf8'),
  ]);
  return cgroupDirectory(mounts, groups);
}

/** Pure part: mountinfo(5) has the mount point in field 5 and the type after the lone dash. */
export function cgroupDirectory(mounts: string, groups: string): string | null {
  const mount = mounts.split('\n').find((line) => line.includes(' - cgroup2 '));
  const group = groups.split('\n').find((line) => line.startsWith('0::'));
  const [, , , root, point] = mount?.split(' ') ?? [];
  if (root !== '/' || point === undefined || group === undefined) return null;
  return join(point, group.slice('0::'.length));
}

/** Removes a group and those below it, once their last processes have been reaped. */
export async function removeCgroup(path: string): Promise<void> {
  await eventually(() => tryRemoveCgroup(path), { withinMs: 2000 });
}

/** False while a process in one of them, if only a dead one, keeps it. */
export async function tryRemoveCgroup(path: string): Promise<boolean> {
  const inner = await readdir(path, { withFileTypes: true }).catch(() => []);
  const below = inner.filter((entry) => entry.isDirectory());
  await Promise.all(below.map(({ name }) => tryRemoveCgroup(join(path, name))));
  return rmdir(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => error.code === 'ENOENT',
  );
}
