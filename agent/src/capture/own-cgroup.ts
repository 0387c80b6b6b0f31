import { err, ok, type Result } from '../kernel/result.ts';

/** What `/proc` says about the agent's place in the cgroup v2 hierarchy; texts are read by the caller. */
export interface CgroupFacts {
  /** `/proc/self/cgroup` */
  readonly membership: string;
  /** `/proc/self/mountinfo` */
  readonly mounts: string;
  /** Inode of `/proc/self/ns/cgroup`. */
  readonly namespaceInode: number;
  /** `uname -r` */
  readonly release: string;
  /** True when the file exists. */
  readonly exists: (path: string) => boolean;
}

/** The inode of the initial cgroup namespace is a constant of the kernel (PROC_CGROUP_INIT_INO). */
const INITIAL_CGROUP_NAMESPACE = 0xeffffffb;
/** Since then `-m cgroup --path` starts at the caller's cgroup namespace, and not at the root of the machine. */
const NAMESPACED_PATHS = [6, 1] as const;

/** The path that stands for the agent in a rule, or why there is none that stands for the agent alone. */
export function ownCgroupPath(facts: CgroupFacts): Result<string, string> {
  const path = /^0::(\/.*)$/m.exec(facts.membership)?.[1];
  if (path === undefined) return err('the agent is in no cgroup v2');
  if (path !== '/') return ok(path);
  // `/` is every process of the machine, unless a private cgroup namespace starts at a cgroup of the agent's own.
  if (facts.namespaceInode === INITIAL_CGROUP_NAMESPACE)
    return err("the agent is in the machine's root cgroup");
  if (!isAtLeast(facts.release, NAMESPACED_PATHS)) {
    return err(`kernel ${facts.release} does not resolve cgroup paths inside a cgroup namespace`);
  }
  // The root cgroup of the machine has no `cgroup.events`.
  const ownRoot = cgroupMounts(facts.mounts).find(({ root }) => root === '/');
  if (ownRoot === undefined || !facts.exists(`${ownRoot.path}/cgroup.events`)) {
    return err("the agent's cgroup namespace may start at the machine's root cgroup");
  }
  return ok(path);
}

/** Where cgroup v2 is mounted, and which cgroup (seen from the agent's own namespace) each mount starts at. */
export function cgroupMounts(mounts: string): readonly { readonly root: string; readonly path: string }[] {
  return mounts.split('\n').flatMap((line) => {
    const [, , , root, path] = line.split(' ');
    const type = line.split(' - ')[1]?.split(' ', 1)[0];
    return type === 'cgroup2' && root !== undefined && path !== undefined ? [{ root, path }] : [];
  });
}

function isAtLeast(release: string, [major, minor]: readonly [number, number]): boolean {
  const [, ownMajor, ownMinor] = /^(\d+)\.(\d+)/.exec(release) ?? [];
  return Number(ownMajor) > major || (Number(ownMajor) === major && Number(ownMinor) >= minor);
}
