import { release } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { PROOF } from '../ipc/proof.ts';
import { err, type Result } from '../kernel/result.ts';
import type { NetnsDoor } from './inside.ts';
import { Iptables, type Variant } from './iptables/iptables.ts';
import { IptablesEngine } from './iptables/iptables-engine.ts';
import { probeText, zoneProbeText } from './iptables/probe.ts';
import type { Family } from './iptables/rules.ts';
import { absentTable, type Command } from './nft/batch.ts';
import { NftEngine } from './nft/nft-engine.ts';
import { GUARD_TABLE, SMUGGLED } from './nft/packet-guard.ts';
import {
  guardProbeRuleset,
  inboundProbeRuleset,
  ownerProbeRuleset,
  probeRuleset,
  zoneProbeRuleset,
} from './nft/probe.ts';
import { TABLE } from './nft/table.ts';
import { type OwnCgroup, pathProblem } from './own-cgroup.ts';
import type { ProbeRange } from './probe-range.ts';
import { randomMark } from './random-mark.ts';
import { RETURN_MARK, ReturnPath } from './return-path.ts';
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
  /** Each of these is null when it has been seen to work. Why the agent's connections and the pod's would be one to conntrack: */
  zoneProblem(range: ProbeRange): Promise<string | null>;
  /** Why connections would not be let go when nobody judges them: */
  gateProblem(range: ProbeRange): Promise<string | null>;
  /** Why somebody else's socket could be at the agent's port: */
  ownerProblem(range: ProbeRange, exemption: Exemption): Promise<string | null>;
  /** Why frames could be written past the rules: */
  guardProblem(range: ProbeRange): Promise<string | null>;
  /** Why the agent could not connect to an application in a caller's name, and hear its replies: */
  inboundProblem(range: ProbeRange): Promise<string | null>;
  /** Why nobody would count what goes past the agent; counters that load are counters that count. */
  readonly countProblem: string | null;
}

/** Longer than any probe takes. */
const OPEN_MS = 60_000;
/** The kernel counts in ticks of up to 10 ms. */
const EXPIRED_MS = 30;
/** The kernel counts cgroups from 1. */
const NO_CGROUP = 0n;
/** Deeper than container runtimes nest cgroups. */
const MAX_DEPTH = 16;

export function nftCandidate(door: NetnsDoor, gateTimeoutMs: number): Candidate {
  const engine = new NftEngine(door, gateTimeoutMs);
  const load = (range: ProbeRange, commands: readonly Command[]): Result<null, string> => {
    const socket = engine.socket(range.netns);
    if (!socket.ok) return socket;
    const loaded = socket.value.load(commands, null);
    socket.value.close();
    return loaded.ok ? loaded : err(loaded.error.text);
  };
  return {
    engine,
    redirect: async (range, exemption) => load(range, probeRuleset(exemption, range.ports, OPEN_MS)),
    cgroups: ({ path, id }) => {
      if (id === null) return err(`the directory of cgroup \`${path}\` can't be seen`);
      // Before Linux 6.11 levels count from the root of the machine also inside a cgroup namespace, so all are tried.
      // Whichever it is, no socket outside of the cgroup has its id at any level.
      const likely = path.split('/').filter((name) => name !== '').length;
      const levels = new Set([likely, ...Array(MAX_DEPTH).keys()]);
      return { ok: true, value: [...levels].map((level) => ({ kind: 'cgroup', path, id, level })) };
    },
    zoneProblem: async (range) => {
      const mark = randomMark();
      const loaded = load(range, zoneProbeRuleset(mark, range.ports, OPEN_MS));
      return loaded.ok ? sameEndsProblem(range, mark) : loaded.error;
    },
    gateProblem: async (range) => {
      const loaded = load(range, probeRuleset({ kind: 'mark', mark: randomMark() }, range.ports, 1));
      if (!loaded.ok) return loaded.error;
      await pause(EXPIRED_MS);
      if ((await range.arrivalOfOwnSocket(null)) !== 'target') return 'its gate does not close by itself';
      const rules = engine.open(range.netns, true);
      if (!rules.ok) return rules.error;
      rules.value.beat();
      rules.value.close();
      return (await range.arrivalOfOwnSocket(null)) === 'listener' ? null : 'its gate does not open again';
    },
    ownerProblem: async (range, exemption) => {
      const mark = randomMark();
      range.markTarget(mark);
      const own = load(range, ownerProbeRuleset(exemption, mark, range.ports));
      if (!own.ok) return own.error;
      if ((await range.arrivalOfOwnSocket(null)) !== 'target') return "it refuses the agent's own port";
      // A cgroup without sockets, and a mark that is on none: by either, the target is somebody else's.
      const foreign = exemption.kind === 'cgroup' ? { ...exemption, id: NO_CGROUP } : exemption;
      const other = load(range, ownerProbeRuleset(foreign, randomMark(), range.ports));
      if (!other.ok) return other.error;
      return (await range.arrivalOfOwnSocket(null)) === 'refused'
        ? null
        : "it does not refuse anybody's port";
    },
    guardProblem: async (range) => {
      const mark = randomMark();
      const loaded = load(range, [...absentTable(TABLE), ...guardProbeRuleset(mark, OPEN_MS)]);
      if (!loaded.ok) return loaded.error;
      if ((await range.arrivalOfOwnSocket({ kind: 'mark', mark })) !== 'target')
        return 'it drops what it should pass';
      const counted = engine.socket(range.netns);
      if (!counted.ok) return counted.error;
      const stop = range.connectAndForget();
      const dropped = await becomes(() => (counted.value.counters(GUARD_TABLE).get(SMUGGLED) ?? 0) > 0);
      stop();
      counted.value.close();
      return dropped ? null : 'it passes what it should drop';
    },
    inboundProblem: async (range) => {
      const loaded = load(range, [...absentTable(GUARD_TABLE), ...inboundProbeRuleset(range.ports)]);
      if (!loaded.ok) return loaded.error;
      const path = new ReturnPath(door, { netns: range.netns, untouched: true });
      const away = path.setAway();
      const laid = away.ok ? path.set([4]) : away;
      const heard = laid.ok && (await range.connectsAs(PROOF[4].bytes, RETURN_MARK));
      path.close();
      if (!laid.ok) return laid.error;
      return heard ? null : "replies to somebody else's address do not come back";
    },
    countProblem: null,
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
    zoneProblem: async (range) => {
      const mark = randomMark();
      const redirect = probeText({ kind: 'mark', mark }, range.ports);
      const load = (family: Family, text: string) => iptables.restore(range.netns, family, text);
      const loaded = await load(4, redirect + zoneProbeText(mark));
      if (!loaded.ok) return loaded.error;
      // Where there are no rules for IPv6 at all, they need no zone.
      const loaded6 = (await load(6, redirect)).ok ? await load(6, zoneProbeText(mark)) : loaded;
      return loaded6.ok ? sameEndsProblem(range, mark) : loaded6.error;
    },
    gateProblem: async () =>
      'iptables has no timed sets: new connections are refused while no agent is there, and wait while one hangs',
    ownerProblem: async () => 'iptables does not know whose socket it is',
    guardProblem: async () => 'iptables does not see frames',
    inboundProblem: async () => 'only done with nftables',
    countProblem: 'only done with nftables: attempts, what pods forward and QUIC make no finding',
  };
}

/** Whether a connection meets rules of NAT although one with `mark`, tracked apart, was reset between the same ends. */
async function sameEndsProblem(range: ProbeRange, mark: number): Promise<string | null> {
  if ((await range.arrivalBetweenSameEnds(mark)) !== 'target')
    return 'it redirects what it should track apart';
  return (await range.arrivalBetweenSameEnds(null)) === 'listener'
    ? null
    : 'it does not track apart what follows each other between the same ends';
}

/** Whether it comes to be so within a second. */
async function becomes(condition: () => boolean): Promise<boolean> {
  for (let looked = 0; looked < 100; looked++) {
    if (condition()) return true;
    await pause(10);
  }
  return false;
}
