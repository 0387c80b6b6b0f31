import { Contract } from '../../src/detect/contract.ts';
import { CronSchedule } from '../../src/detect/cron.ts';
import { ENUMERATION_LIMITS, type EnumerationLimits } from '../../src/detect/enumeration.ts';
import { ATTACKERS, type AttackerName } from './attackers.ts';
import { CALLERS, type CallerName, everydayTrouble, type Stage } from './callers.ts';
import { Random } from './random.ts';
import { Subject } from './subject.ts';
import { Timeline } from './timeline.ts';

const HOUR = 3_600_000;
/** A Monday, midnight. */
const START = Date.UTC(2026, 0, 5);
const LIMITS: EnumerationLimits = { ...ENUMERATION_LIMITS, maxKeys: 4_096 };
const MAX_ASKED = 4_000;

export interface Scenario {
  readonly caller: CallerName;
  readonly attacker: AttackerName;
  /** Ids until the alert that are allowed; null for what cannot be seen, and why. */
  readonly bar: number | null;
  readonly why?: string;
  readonly hasContract?: boolean;
}

export const SCENARIOS: readonly Scenario[] = [
  { caller: 'recommender', attacker: 'burst', bar: 10 },
  { caller: 'exporter', attacker: 'burst', bar: 10 },
  { caller: 'frontend', attacker: 'burst', bar: 25 },
  { caller: 'support', attacker: 'burst', bar: 25 },
  { caller: 'bursty frontend', attacker: 'burst', bar: 25 },
  { caller: 'bursty frontend', attacker: 'blended, 1 rps', bar: 25 },
  {
    caller: 'bursty frontend',
    attacker: 'blended, anywhere',
    bar: null,
    why: 'comes as its noise does, and its ids lie so, too',
  },
  { caller: 'recommender', attacker: 'slow, 1 in 30 s', bar: 25 },
  { caller: 'exporter', attacker: 'slow, 1 in 30 s', bar: 25 },
  { caller: 'frontend', attacker: 'blended, 1 rps', bar: 25 },
  { caller: 'recommender', attacker: 'shuffled', bar: 25 },
  { caller: 'recommender', attacker: 'sequential', bar: 25 },
  { caller: 'recommender', attacker: 'sparse guessing', bar: 25 },
  { caller: 'reconcile', attacker: 'sparse guessing', bar: 25 },
  { caller: 'frontend', attacker: 'one user, 1 in 30 s', bar: 25 },
  { caller: 'reconcile', attacker: 'burst', bar: 25, hasContract: true },
  {
    caller: 'reconcile',
    attacker: 'burst',
    bar: null,
    why: 'all its ids are unexplained: declare a contract',
  },
  {
    caller: 'frontend',
    attacker: 'slow, 1 in 30 s',
    bar: null,
    why: 'below its own noise: give it principals',
  },
  { caller: 'support', attacker: 'slow, 1 in 30 s', bar: null, why: 'one in ten of its ids is unexplained' },
  { caller: 'recommender', attacker: 'slow, 1 in 2 min', bar: null, why: '3 % of its traffic: takes longer' },
  { caller: 'recommender', attacker: 'harvested ids', bar: null, why: 'the ids were shown to it' },
];

export interface Outcome {
  readonly leakedAtAlert: number | null;
  readonly leakedAtBlock: number | null;
  readonly leaked: number;
  readonly falseEpisodes: number;
}

export interface Span {
  readonly learnHours: number;
  readonly attackHours: number;
}

/** Learns what the workload usually does, then lets the attacker in. */
export function attack(scenario: Scenario, seed: number, { learnHours, attackHours }: Span): Outcome {
  // A block needs a week of usual traffic; the laboratory lets it after what it has.
  const limits = { ...LIMITS, blockAfterDays: learnHours / 24 };
  const stage = stageOf(scenario, seed, limits);
  CALLERS[scenario.caller](stage);
  // Not on the hour, when batch jobs run.
  const begin = START + (learnHours + 1.6) * HOUR;
  stage.timeline.runUntil(begin);
  letIn(stage, scenario.attacker);
  stage.timeline.runUntil(begin + attackHours * HOUR);
  return stage.subject;
}

/** Usual traffic only, with rollouts and restarts: what it says after learning is false. */
export function clean(caller: CallerName, seed: number, hours: { learn: number; judge: number }): Outcome {
  const stage = stageOf({ caller, attacker: 'burst', bar: null }, seed, LIMITS);
  CALLERS[caller](stage);
  everydayTrouble(stage);
  stage.timeline.runUntil(START + hours.learn * HOUR);
  stage.subject.isJudged = true;
  stage.timeline.runUntil(START + (hours.learn + hours.judge) * HOUR);
  return stage.subject;
}

function letIn(stage: Stage, name: AttackerName): void {
  const { perSecond, ask } = ATTACKERS[name];
  let n = 0;
  stage.timeline.start((now) => {
    const { subject } = stage;
    subject.get(ask(n, stage), now);
    n++;
    const isOver = n >= MAX_ASKED || subject.leakedAtBlock !== null;
    return isOver ? null : stage.random.wait(perSecond);
  });
}

function stageOf({ hasContract }: Scenario, seed: number, limits: EnumerationLimits): Stage {
  return {
    subject: new Subject(limits, START, hasContract ? contract() : null),
    timeline: new Timeline(START),
    random: new Random(seed),
  };
}

function contract(): Contract {
  const schedule = CronSchedule.parse('0 */4 * * *');
  if (!schedule.ok) throw new Error(schedule.error);
  return new Contract({ distinctPerRun: 1_500, schedule: schedule.value, runMs: HOUR });
}
