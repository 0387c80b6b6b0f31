import { readFileSync, statSync } from 'node:fs';
import { release } from 'node:os';
import type { Candidate } from './candidates.ts';
import type { NetnsDoor } from './inside.ts';
import { type CgroupFacts, cgroupMounts, ownCgroup } from './own-cgroup.ts';
import { ProbeRange } from './probe-range.ts';
import type { Exemption } from './wish.ts';

type CgroupExemption = Extract<Exemption, { kind: 'cgroup' }>;

/** How this agent exempts its own connections, and why so. */
export type ExemptionChoice =
  | { readonly kind: 'cgroup'; readonly exemption: CgroupExemption; readonly why: string }
  | { readonly kind: 'mark'; readonly why: string };

const byMark = (why: string): ExemptionChoice => ({ kind: 'mark', why });

/** By cgroup where that can be proven with real connections, else by a mark, which works wherever redirects do. */
export async function chooseExemption(
  door: NetnsDoor,
  candidate: Candidate,
  wanted: 'auto' | 'mark',
): Promise<ExemptionChoice> {
  if (wanted === 'mark') return byMark('chosen by the settings');
  const facts = readFacts();
  const own = ownCgroup(facts);
  if (!own.ok) return byMark(own.error);
  const exemptions = candidate.cgroups(own.value);
  if (!exemptions.ok) return byMark(exemptions.error);
  let choice = byMark('');
  for (const exemption of exemptions.value) {
    const range = ProbeRange.open(door);
    if (!range.ok) return byMark(range.error);
    try {
      choice = await tryCgroup(range.value, candidate, { exemption, mounts: facts.mounts });
    } finally {
      range.value.close();
    }
    if (choice.kind === 'cgroup') break;
  }
  return choice;
}

async function tryCgroup(
  range: ProbeRange,
  candidate: Candidate,
  { exemption, mounts }: { readonly exemption: CgroupExemption; readonly mounts: string },
): Promise<ExemptionChoice> {
  const { path } = exemption;
  const loaded = await candidate.redirect(range, exemption);
  if (!loaded.ok) return byMark(loaded.error);
  if ((await range.arrivalOfOwnSocket(null)) !== 'target') {
    return byMark(`the kernel does not find the agent's sockets in cgroup \`${path}\``);
  }
  switch (await arrivalFromElsewhere(range, path, mounts)) {
    case 'listener':
      return {
        kind: 'cgroup',
        exemption,
        why: 'proven with connections from inside and outside of the cgroup',
      };
    case 'target':
      return byMark(`cgroup \`${path}\` also matches processes outside of it`);
    case 'refused':
    case null:
      return {
        kind: 'cgroup',
        exemption,
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
    inode: (path) => {
      try {
        return statSync(path, { bigint: true }).ino;
      } catch {
        return null;
      }
    },
  };
}
