import {
  Contract,
  ENUMERATION_LIMITS,
  Enumeration,
  type EnumerationEvidence,
  type EnumerationLimits,
  type GuardAction,
  type GuardSettings,
  type Tier,
  type Workload,
} from '@eastwall/policy';
import type { Parties } from '../exchange/watch.ts';
import { SteadyClock } from '../kernel/clock.ts';
import { textHash } from '../kernel/text-hash.ts';
import type { Sequence } from '../record/finding.ts';
import type { LearnedBaseline } from '../record/learned.ts';
import { type KnownCaller, NEVER, type Provenance } from './provenance.ts';
import type { Sight } from './sight.ts';
import { Walks } from './walks.ts';

export interface EnumerationOptions {
  /** Wall clock, in ms since the epoch: schedules are written by it. */
  now(): number;
  /** Monotonic ms: a clock that is set forgets nothing that somebody was shown. */
  monotonic(): number;
  readonly provenance: Provenance;
  /** Caller × operation × place of an id that are kept in mind, for each kind of settings; 318 bytes each. */
  readonly maxKeys: number;
  /** Ids that a workload was not shown are few where they are further apart, in ms. */
  readonly inboundIdleMs: number;
  /** What comes to that workload is worth watching from now on: it may explain what its pods ask others for. */
  wantInbound(): void;
}

/** Settings that differ between namespaces, and are told apart; more share the first ones. */
const MAX_ENGINES = 4;
const MAX_CONTRACTS = 1_024;
const MAX_WALKS = 512;
/** Watching what comes to a pod costs about as much as relaying it; an alert takes three times as many. */
const UNSHOWN_FOR_INBOUND = 3;
const DAY_SECONDS = 86_400;

/** Notices workloads that walk through ids which nobody has shown to them. */
export class EnumerationGuard {
  readonly provenance: Provenance;
  readonly walks = new Walks(MAX_WALKS);
  readonly #options: EnumerationOptions;
  readonly #engines = new Map<string, Enumeration>();
  /** What was saved by settings that no engine here has yet, by their hash. */
  readonly #saved = new Map<number, LearnedBaseline[]>();
  #toldEvictions = 0;
  readonly #steady: SteadyClock;
  readonly #bySettings = new WeakMap<GuardSettings, Enumeration>();
  /** By caller and expectation; the least recently used first. */
  readonly #contracts = new Map<string, Contract>();

  constructor(options: EnumerationOptions) {
    this.#options = options;
    this.provenance = options.provenance;
    this.#steady = new SteadyClock(options);
  }

  /** In ms since the epoch, for schedules. */
  wallClock(): number {
    return this.#options.now();
  }

  /** By it keys grow warm and are held. */
  steady(monotonic: number): number {
    return this.#steady.at(monotonic);
  }

  /** For what workloads were shown and have asked for, which is remembered for a while. */
  monotonic(): number {
    return this.#options.monotonic();
  }

  /** A workload has asked for one more id that only what it is asked may explain. */
  unshown(caller: KnownCaller, now: number): void {
    if (now - caller.unshownAt >= this.#options.inboundIdleMs) caller.unshown = 0;
    caller.unshownAt = now;
    if (++caller.unshown === UNSHOWN_FOR_INBOUND) this.#options.wantInbound();
  }

  /**
   * When the workload of that pod has last asked for an id that only what it is asked may explain, in monotonic ms;
   * `NEVER` where it was few all along.
   */
  wantsInbound(pod: Workload): number {
    const caller = this.provenance.known(pod);
    return caller === null || caller.unshown < UNSHOWN_FOR_INBOUND ? NEVER : caller.unshownAt;
  }

  engine(settings: GuardSettings): Enumeration {
    let engine = this.#bySettings.get(settings);
    if (engine === undefined) {
      engine = this.#engineFor(settings);
      this.#bySettings.set(settings, engine);
    }
    return engine;
  }

  /** What was declared for this caller and request; each caller's runs are counted by themselves. */
  contractOf(
    { caller, scope }: Parties,
    { method, path }: { method: string; path: string },
  ): Contract | null {
    const expectation = scope?.expectation(method, path) ?? null;
    if (expectation === null) return null;
    const key = `${caller.namespace}/${caller.kind}/${caller.name} ${expectation.id}`;
    const known = this.#contracts.get(key);
    const contract = known?.terms === expectation.terms ? known : new Contract(expectation.terms);
    this.#contracts.delete(key);
    this.#contracts.set(key, contract);
    const [oldest] = this.#contracts.keys();
    if (this.#contracts.size > MAX_CONTRACTS && oldest !== undefined) this.#contracts.delete(oldest);
    return contract;
  }

  /** Callers at places of operations that had to make room since the last call. */
  takeEvictions(): number {
    let evictions = 0;
    for (const engine of this.#engines.values()) evictions += engine.evictions;
    const taken = evictions - this.#toldEvictions;
    this.#toldEvictions = evictions;
    return taken;
  }

  /** What is usual for whom. */
  *save(): Generator<LearnedBaseline> {
    for (const [key, engine] of this.#engines)
      for (const numbers of engine.save(this.#now()))
        yield { kind: 'baseline', settings: textHash(key), numbers };
    for (const baselines of this.#saved.values()) yield* baselines;
  }

  /** Kept until somebody is judged by those settings; whoever is known by then stays as it is. */
  restore(baseline: LearnedBaseline): void {
    for (const [key, engine] of this.#engines)
      if (textHash(key) === baseline.settings) {
        engine.restore(baseline.numbers, this.#now());
        return;
      }
    const kept = this.#saved.get(baseline.settings) ?? [];
    if (this.#saved.size >= MAX_ENGINES && kept.length === 0) return;
    if (kept.length < this.#options.maxKeys) kept.push(baseline);
    this.#saved.set(baseline.settings, kept);
  }

  #now(): number {
    return this.steady(this.monotonic());
  }

  #engineFor({ enumeration, alertBudgetPerWeek }: GuardSettings): Enumeration {
    const limits = limitsOf({ enumeration, alertBudgetPerWeek }, this.#options.maxKeys);
    const key = JSON.stringify(limits);
    const [first] = this.#engines.values();
    const known = this.#engines.get(key) ?? (this.#engines.size >= MAX_ENGINES ? first : undefined);
    if (known !== undefined) return known;
    const engine = new Enumeration(limits);
    this.#engines.set(key, engine);
    const settings = textHash(key);
    for (const { numbers } of this.#saved.get(settings) ?? []) engine.restore(numbers, this.#now());
    this.#saved.delete(settings);
    return engine;
  }
}

/** What a tier is worth at most, where this is what the profile or the rule wants done. */
export function actionFor(tier: Tier, wanted: GuardAction): GuardAction {
  if (wanted === 'Off') return 'Off';
  if (tier === 'quiet' || tier === 'audit') return 'Off';
  if (tier === 'alert' || wanted === 'Log') return 'Log';
  return tier === 'throttle' ? 'Throttle' : wanted;
}

/** What the agent knows of the one who asks. */
interface SeenSoFar {
  readonly sequence: Sequence | null;
  /** It was shown more than that. */
  readonly isPartial: boolean;
  /** It is asked more than that. */
  readonly isUnseen: boolean;
}

export function enumerationSight(
  evidence: EnumerationEvidence,
  { sequence, isPartial, isUnseen }: SeenSoFar,
): Sight {
  const { usualUnexplained, shape, signals, distinct, distinctThreshold, requests } = evidence;
  return {
    detection: 'object-enumeration',
    explanation: explanationOf(evidence),
    ...(sequence !== null && { sequence }),
    evidence: {
      signals: signals.join(' '),
      unexplained: Number(evidence.unexplained.toFixed(2)),
      misses: Number(evidence.misses.toFixed(2)),
      usualUnexplained: usualUnexplained === null ? 'not informative' : Number(usualUnexplained.toFixed(3)),
      distinctIds: distinct,
      usualDistinctIds: distinctThreshold,
      shape,
      requests,
      ...(isPartial && { shownElsewhere: 'known in part' }),
      ...(isUnseen && { askedFor: 'known in part' }),
    },
  };
}

export const batchSight = ({ distinct, requests }: EnumerationEvidence): Sight => ({
  detection: 'undeclared-batch',
  explanation: `asks for ${distinct} different ids that nothing explains; what its runs are expected to do can be declared`,
  evidence: { distinctIds: distinct, requests },
});

function explanationOf({
  signals,
  shape,
  distinct,
  distinctThreshold,
  usualUnexplained,
}: EnumerationEvidence) {
  const looks = shape === 'none' || shape === 'sparse' ? '' : `; they look ${WORDS[shape]}`;
  if (signals.includes('provenance')) {
    const usual = usualUnexplained === null ? '' : ` (usual are ${(100 * usualUnexplained).toFixed(0)} %)`;
    return `asks for ids that it was never shown, more than it usually does${usual}${looks}`;
  }
  if (signals.includes('misses')) return `asks for ids that are mostly not there, or not for it${looks}`;
  if (signals.includes('baseline'))
    return `asks for ${distinct} different ids, where ${distinctThreshold} are the most it should${looks}`;
  return 'asks for more ids than its declared run has, or outside of it';
}

const WORDS = { sequential: 'counted up', dense: 'like a whole range, shuffled', timed: 'ordered by time' };

function limitsOf(
  { enumeration, alertBudgetPerWeek }: Pick<GuardSettings, 'enumeration' | 'alertBudgetPerWeek'>,
  maxKeys: number,
): EnumerationLimits {
  const { warmupRequests, warmupSeconds, rolloutSeconds, windowSeconds } = enumeration;
  return {
    ...ENUMERATION_LIMITS,
    maxKeys,
    epochMs: windowSeconds * 1_000,
    epochsPerDay: Math.max(1, Math.round(DAY_SECONDS / windowSeconds)),
    alertsPerWeek: alertBudgetPerWeek,
    alertAfter: warmupRequests,
    blockAfterDays: warmupSeconds / DAY_SECONDS,
    holdEpochs: Math.ceil(rolloutSeconds / windowSeconds),
  };
}
