import { type Candidate, iptablesCandidate, nftCandidate } from './candidates.ts';
import { chooseExemption, type ExemptionChoice } from './exemption.ts';
import type { NetnsDoor } from './inside.ts';
import { ProbeRange } from './probe-range.ts';
import { randomMark } from './random-mark.ts';
import type { RuleEngine } from './rule-engine.ts';

/** What this node's kernel and tools can do, found out by doing it in a namespace made for the purpose. */
export interface Abilities {
  /** Null when nothing can redirect here; nothing can be enrolled then. */
  readonly engine: RuleEngine | null;
  /** What an agent before this one may have used: by its settings, or since modules of the kernel were missing then. */
  readonly otherEngines: readonly RuleEngine[];
  readonly exemption: ExemptionChoice;
  /** Why fail modes are not enforced by the kernel; null when they are. */
  readonly gateProblem: string | null;
  /** Why somebody else may own the port that connections are redirected to; null when nobody can. */
  readonly ownerProblem: string | null;
  /** Why frames that are written past the rules are not kept from leaving; null when they are. */
  readonly guardProblem: string | null;
  /** Why the agent's connections can't be tracked apart from the pod's; null when they are. */
  readonly zoneProblem: string | null;
  /** Why what comes to pods can't be observed; null when it can. */
  readonly inboundProblem: string | null;
  /** Why what goes past the agent is not counted; null when it is. */
  readonly countProblem: string | null;
  /** Why `engine` is null. */
  readonly problem: string | null;
}

export interface ProbeOptions {
  /** `mark` skips the cgroup, for agents that share theirs with the pods, as they do in a sandbox. */
  readonly exemption: 'auto' | 'mark';
  /** `iptables` skips nftables. */
  readonly rules: 'auto' | 'iptables';
  readonly packetGuard: 'auto' | 'off';
  readonly gateTimeoutMs: number;
}

/** The first of nftables, iptables over nf_tables and iptables of old that redirects here. */
export async function probeAbilities(door: NetnsDoor, options: ProbeOptions): Promise<Abilities> {
  const problems: string[] = [];
  const all = candidates(door, options.gateTimeoutMs);
  for (const candidate of all) {
    if (options.rules === 'iptables' && candidate.engine.kind === 'nft') continue;
    const range = ProbeRange.open(door);
    if (!range.ok) return unable(range.error);
    try {
      const problem = await marksWork(range.value, candidate);
      if (problem === null) {
        const exemption = await chooseExemption(door, candidate, options.exemption);
        const own =
          exemption.kind === 'cgroup' ? exemption.exemption : { kind: 'mark' as const, mark: randomMark() };
        return {
          engine: candidate.engine,
          otherEngines: all.filter((other) => other !== candidate).map(({ engine }) => engine),
          exemption,
          zoneProblem: await candidate.zoneProblem(range.value),
          gateProblem: await candidate.gateProblem(range.value),
          ownerProblem: await candidate.ownerProblem(range.value, own),
          guardProblem:
            options.packetGuard === 'off'
              ? 'switched off by the settings'
              : await candidate.guardProblem(range.value),
          inboundProblem: await candidate.inboundProblem(range.value),
          countProblem: candidate.countProblem,
          problem,
        };
      }
      problems.push(problem);
    } finally {
      range.value.close();
    }
  }
  return unable(problems.join('; '));
}

const candidates = (door: NetnsDoor, gateTimeoutMs: number): Candidate[] => [
  nftCandidate(door, gateTimeoutMs),
  iptablesCandidate(door, 'nft'),
  iptablesCandidate(door, 'legacy'),
];

const unable = (problem: string): Abilities => ({
  engine: null,
  otherEngines: [],
  exemption: { kind: 'mark', why: problem },
  zoneProblem: problem,
  gateProblem: problem,
  ownerProblem: problem,
  guardProblem: problem,
  inboundProblem: problem,
  countProblem: problem,
  problem,
});

/** The last resort has to work in any case; and it proves that these rules redirect at all. */
async function marksWork(range: ProbeRange, candidate: Candidate): Promise<string | null> {
  const { kind } = candidate.engine;
  const mark = randomMark();
  const loaded = await candidate.redirect(range, { kind: 'mark', mark });
  if (!loaded.ok) return loaded.error;
  if ((await range.arrivalOfOwnSocket({ kind: 'mark', mark: randomMark() })) !== 'listener') {
    return `${kind} takes a redirect, but does not redirect`;
  }
  if ((await range.arrivalOfOwnSocket({ kind: 'mark', mark })) !== 'target') {
    return `${kind} redirects sockets that it should exempt by mark`;
  }
  return null;
}
