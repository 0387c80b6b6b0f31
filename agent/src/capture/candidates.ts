import { release } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { err, type Result } from '../kernel/result.ts';
import type { NetnsDoor } from './inside.ts';
import { Iptables, type Variant } from './iptables/iptables.ts';
import { IptablesEngine } from './iptables/iptables-engine.ts';
import { probeText } from './iptables/probe.ts';
import { NftEngine } from './nft/nft-engine.ts';
import { probeRuleset } from './nft/probe.ts';
import { type OwnCgroup, pathProblem } from './own-cgroup.ts';
import type { ProbeRange } from './probe-range.ts';
import { randomMark } from './random-mark.ts';
import type { RuleEngine } from './rule-engine.ts';
import type { Exemption } from './wish.ts';

type CgroupExemption = Extract<Exemption, { kind: 'cgroup' }>;

/** One way to put rules in place, and how to try it out. */
export interface Candidate {
  readonly engine: RuleEngine;
  /** Puts a redirect in place, with `exemption` before it. */
  redirect(range: ProbeRange, exemption: Exemption): Promise<Result<unknown, string>>;
  /** What may stand for the agent's cgroup; the error is why nothing can. */
  cgroups(own: OwnCgroup): Result<readonly CgroupExemption[], string>;
  /** Why connections would not be let go when nobody judges them, or null when that has been seen to work. */
  gateProblem(range: ProbeRange): Promise<string | null>;
}

/** Longer than any probe takes. */
const OPEN_MS = 60_000;
/** The kernel counts in ticks of up to 10 ms. */
const EXPIRED_MS = 30;
/** Deeper than container runtimes nest cgroups. */
const MAX_DEPTH = 16;

export function nftCandidate(door: NetnsDoor, gateTimeoutMs: number): Candidate {
  const engine = new NftEngine(door, gateTimeoutMs);
  const load = (range: ProbeRange, exemption: Exemption, gateMs: number): Result<null, string> => {
    const rules = engine.open(range.netns);
    if (!rules.ok) return rules;
    const loaded = rules.value.load(probeRuleset(exemption, range.ports, gateMs));
    rules.value.close();
    return loaded;
  };
  return {
    engine,
    redirect: async (range, exemption) => load(range, exemption, OPEN_MS),
    cgroups: ({ path, id }) => {
      if (id === null) return err(`the directory of cgroup \`${path}\` can't be seen`);
      // Before Linux 6.11 levels count from the root of the machine also inside a cgroup namespace, so all are tried.
      // Whichever it is, no socket outside of the cgroup has its id at any level.
      const likely = path.split('/').filter((name) => name !== '').length;
      const levels = new Set([likely, ...Array(MAX_DEPTH).keys()]);
      return { ok: true, value: [...levels].map((level) => ({ kind: 'cgroup', path, id, level })) };
    },
    gateProblem: async (range) => {
      const loaded = load(range, { kind: 'mark', mark: randomMark() }, 1);
      if (!loaded.ok) return loaded.error;
      await pause(EXPIRED_MS);
      if ((await range.arrivalOfOwnSocket(null)) !== 'target') return 'its gate does not close by itself';
      const rules = engine.open(range.netns);
      if (!rules.ok) return rules.error;
      rules.value.beat();
      rules.value.close();
      return (await range.arrivalOfOwnSocket(null)) === 'listener' ? null : 'its gate does not open again';
    },
  };
}

export function iptablesCandidate(door: NetnsDoor, variant: Variant): Candidate {
  const iptables = new Iptables(door, variant);
  return {
    engine: new IptablesEngine(door, iptables),
    redirect: (range, exemption) => iptables.restore(range.netns, 4, probeText(exemption, range.ports)),
    cgroups: (own) => {
      const problem = pathProblem(own, release());
      if (problem !== null) return err(problem);
      // This one goes by the path.
      return { ok: true, value: [{ kind: 'cgroup', path: own.path, id: own.id ?? 0n, level: 0 }] };
    },
    gateProblem: async () => 'iptables has no timed sets: rules stay until they are removed',
  };
}
