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
  /** Inode of a file; null when there is none. */
  readonly inode: (path: string) => bigint | null;
}

export interface OwnCgroup {
  /** As the agent's own cgroup namespace has it; `/` is where that begins. */
  readonly path: string;
  /** The inode of its directory, by which the kernel and nftables name it; null where it can't be seen. */
  readonly id: bigint | null;
}

/** The inode of the initial cgroup namespace is a constant of the kernel (PROC_CGROUP_INIT_INO). */
const INITIAL_CGROUP_NAMESPACE = 0xeffffffb;
/** Since then `-m cgroup --path` starts at the caller's cgroup namespace, and not at the root of the machine. */
const NAMESPACED_PATHS = [6, 1] as const;

/** The cgroup that stands for the agent alone, or why there is none. */
export function ownCgroup(facts: CgroupFacts): Result<OwnCgroup, string> {
  const path = /^0::(\/.*)$/m.exec(facts.membership)?.[1];
  if (path === undefined) return err('the agent is in no cgroup v2');
  const id = idOf(path, facts);
  if (path !== '/') return ok({ path, id });
  // `/` is every process of the machine, unless a private cgroup namespace starts at a cgroup of the agent's own.
  if (facts.namespaceInode === INITIAL_CGROUP_NAMESPACE)
    return err("the agent is in the machine's root cgroup");
  // The root cgroup of the machine has no `cgroup.events`.
  const ownRoot = cgroupMounts(facts.mounts).find(({ root }) => root === '/');
  if (ownRoot === undefined || facts.inode(`${ownRoot.path}/cgroup.events`) === null) {
    return err("the agent's cgroup namespace may start at the machine's root cgroup");
  }
  return ok({ path, id });
}

/** Why the path means something else to iptables than to the agent, or null. nftables goes by the id. */
export function pathProblem({ path }: OwnCgroup, release: string): string | null {
  return path !== '/' || isAtLeast(release, NAMESPACED_PATHS)
    ? null
    : `kernel ${release} does not resolve cgroup paths inside a cgroup namespace`;
}

/** Where cgroup v2 is mounted, and which cgroup (seen from the agent's own namespace) each mount starts at. */
export function cgroupMounts(mounts: string): readonly { readonly root: string; readonly path: string }[] {
  return mounts.split('\n').flatMap((line) => {
    const [, , , root, path] = line.split(' ');
    const type = line.split(' - ')[1]?.split(' ', 1)[0];
    return type === 'cgroup2' && root !== undefined && path !== undefined ? [{ root, path }] : [];
  });
}

function idOf(path: string, { mounts, inode }: CgroupFacts): bigint | null {
  const mount = cgroupMounts(mounts).find(({ root }) => root === '/');
  return mount === undefined ? null : inode(`${mount.path}${path}`);
}

function isAtLeast(release: string, [major, minor]: readonly [number, number]): boolean {
  const [, ownMajor, ownMinor] = /^(\d+)\.(\d+)/.exec(release) ?? [];
  return Number(ownMajor) > major || (Number(ownMajor) === major && Number(ownMinor) >= minor);
}
