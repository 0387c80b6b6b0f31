import { randomInt } from 'node:crypto';
import { accessSync, readFileSync, statSync } from 'node:fs';
import { release } from 'node:os';
import { ProbeRange } from './exemption-probe.ts';
import type { NetnsDoor } from './inside.ts';
import { Iptables, type Variant } from './iptables.ts';
import { type CgroupFacts, cgroupMounts, ownCgroupPath } from './own-cgroup.ts';
import type { Exemption } from './rules.ts';

/** How this agent exempts its own connections, and why so; for `status`. */
export type ExemptionReport =
  | { readonly kind: 'cgroup'; readonly path: string; readonly why: string }
  | { readonly kind: 'mark'; readonly why: string };

/** What this node's kernel and tools can do, found out by doing it in a namespace made for the purpose. */
export interface Abilities {
  readonly exemption: ExemptionReport;
  /** Null when no variant of iptables can redirect here; nothing can be enrolled then. */
  readonly iptables: Iptables | null;
  /** Why `iptables` is null. */
  readonly problem: string | null;
}

const VARIANTS: readonly Variant[] = ['nft', 'legacy'];

/** `mark` skips the cgroup, for agents that share theirs with the pods, as they do in a sandbox. */
export async function probeAbilities(door: NetnsDoor, wanted: 'auto' | 'mark'): Promise<Abilities> {
  const problems: string[] = [];
  for (const variant of VARIANTS) {
    const iptables = new Iptables(door, variant);
    const range = ProbeRange.open(door);
    if (!range.ok) return unable(range.error);
    try {
      const problem = await marksWork(range.value, iptables);
      if (problem === null) return { exemption: await choose(door, iptables, wanted), iptables, problem };
      problems.push(problem);
    } finally {
      range.value.close();
    }
  }
  return unable(problems.join('; '));
}

/** Never 0, which is the mark of every socket that has none. */
export const randomMark = (): number => randomInt(1, 2 ** 32);

const unable = (problem: string): Abilities => ({
  exemption: { kind: 'mark', why: problem },
  iptables: null,
  problem,
});

/** The last resort has to work in any case; and it proves that this variant redirects at all. */
async function marksWork(range: ProbeRange, iptables: Iptables): Promise<string | null> {
  const exemption: Exemption = { kind: 'mark', mark: randomMark() };
  const loaded = await range.redirect(iptables, exemption);
  if (!loaded.ok) return loaded.error;
  if ((await range.arrivalOfOwnSocket({ kind: 'mark', mark: randomMark() })) !== 'listener') {
    return `iptables (${iptables.variant}) takes a redirect, but does not redirect`;
  }
  if ((await range.arrivalOfOwnSocket(exemption)) !== 'target') {
    return `iptables (${iptables.variant}) redirects sockets that it should exempt by mark`;
  }
  return null;
}

async function choose(
  door: NetnsDoor,
  iptables: Iptables,
  wanted: 'auto' | 'mark',
): Promise<ExemptionReport> {
  if (wanted === 'mark') return { kind: 'mark', why: 'chosen by the settings' };
  const facts = readFacts();
  const path = ownCgroupPath(facts);
  if (!path.ok) return { kind: 'mark', why: path.error };
  const range = ProbeRange.open(door);
  if (!range.ok) return { kind: 'mark', why: range.error };
  try {
    return await tryCgroup(range.value, iptables, { path: path.value, mounts: facts.mounts });
  } finally {
    range.value.close();
  }
}

async function tryCgroup(
  range: ProbeRange,
  iptables: Iptables,
  { path, mounts }: { readonly path: string; readonly mounts: string },
): Promise<ExemptionReport> {
  const exemption: Exemption = { kind: 'cgroup', path };
  const loaded = await range.redirect(iptables, exemption);
  if (!loaded.ok) return { kind: 'mark', why: loaded.error };
  if ((await range.arrivalOfOwnSocket(exemption)) !== 'target') {
    return { kind: 'mark', why: `the kernel does not find the agent's sockets in cgroup \`${path}\`` };
  }
  switch (await arrivalFromElsewhere(range, path, mounts)) {
    case 'listener':
      return { kind: 'cgroup', path, why: 'proven with connections from inside and outside of the cgroup' };
    case 'target':
      return { kind: 'mark', why: `cgroup \`${path}\` also matches processes outside of it` };
    case null:
      return {
        kind: 'cgroup',
        path,
        why: 'proven for the agent; no other cgroup can be made here to prove that others are redirected',
      };
  }
}

/** A cgroup beside the agent's own, where one of the mounts reaches above it. */
async function arrivalFromElsewhere(range: ProbeRange, own: string, mounts: string) {
  for (const { root, path } of cgroupMounts(mounts)) {
    const reachesAbove = root === '/' ? own !== '/' : root.startsWith('/..');
    if (!reachesAbove) continue;
    const arrival = await range.arrivalFromCgroup(`${path}/eastwall-probe-${process.pid}`);
    if (arrival !== null) return arrival;
  }
  return null;
}

function readFacts(): CgroupFacts {
  return {
    membership: readFileSync('/proc/self/cgroup', 'utf8'),
    mounts: readFileSync('/proc/self/mountinfo', 'utf8'),
    namespaceInode: statSync('/proc/self/ns/cgroup').ino,
    release: release(),
    exists: (path) => {
      try {
        accessSync(path);
        return true;
      } catch {
        return false;
      }
    },
  };
}
