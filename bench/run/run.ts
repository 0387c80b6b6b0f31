import { Cluster, type Standing } from '../cluster/cluster.ts';
import { POLICIES } from '../cluster/topology.ts';
import type { LoadScenario, PacedScenario, Scenario } from '../load/scenarios.ts';
import { added, type Figures, summarise } from './figures.ts';
import { describeMachine } from './machine.ts';
import { measure } from './measure.ts';
import type { Options } from './options.ts';
import { type Results, type ScenarioResult, scenarioResult } from './report.ts';

export interface Progress {
  readonly log: (line: string) => void;
  readonly finished: (result: ScenarioResult) => void;
}

const WARM_UP_SECONDS = 4;
const MAX_WARM_UPS = 5;
/** Compilers have compiled and pools are filled once a request costs at least this share of what it cost before. */
const SETTLED = 0.95;
const SATURATION_SECONDS = 3;

export async function run(options: Options, progress: Progress): Promise<Results> {
  const machine = describeMachine();
  const cluster = await Cluster.start(options.subjects, progress.log);
  try {
    const standings: Standing[] = [];
    for (const subject of options.subjects) standings.push(await cluster.stand(subject));
    const scenarios: ScenarioResult[] = [];
    for (const scenario of options.scenarios) {
      progress.log(scenario.name);
      const result = await runScenario(cluster, standings, { scenario, ...options });
      scenarios.push(result);
      progress.finished(result);
    }
    const { seconds } = options;
    return {
      time: new Date().toISOString(),
      machine,
      seconds_per_round: seconds,
      policies: POLICIES,
      scenarios,
    };
  } finally {
    await cluster.stop();
  }
}

interface Plan {
  readonly scenario: Scenario;
  readonly rounds: number;
  readonly seconds: number;
}

/** Subjects take turns within every round, so that whatever else the machine does meets them all alike. */
async function runScenario(
  cluster: Cluster,
  standings: readonly Standing[],
  { scenario, rounds: asked, seconds }: Plan,
): Promise<ScenarioResult> {
  // Memory that was grown into is kept: a second round would find nothing left to grow.
  const rounds = scenario.kind === 'idle' ? 1 : asked;
  const figures = new Map<string, Figures[]>(standings.map(({ subject }) => [subject.name, []]));
  if (scenario.kind === 'load') for (const standing of standings) await warmUp(cluster, standing, scenario);
  const rate = scenario.kind === 'paced' ? await halfOfSaturation(cluster, standings, scenario) : 0;
  for (let round = 0; round < rounds; round++) {
    let direct: Figures = {};
    for (const standing of standings) {
      const measured = await measure(cluster, standing, { scenario, seconds, rate });
      const { runs, name } = standing.subject;
      if (runs.as === 'nothing') direct = measured;
      figures.get(name)?.push(scenario.kind === 'paced' ? added(measured, direct) : measured);
    }
  }
  const summaries = [...figures].map(([name, measured]) => [name, summarise(measured)] as const);
  return scenarioResult(scenario, rounds, new Map(summaries));
}

/** Traffic that nobody counts, until it has settled what a request costs. */
async function warmUp(cluster: Cluster, standing: Standing, scenario: LoadScenario): Promise<void> {
  let before = Number.POSITIVE_INFINITY;
  for (let turn = 0; turn < MAX_WARM_UPS; turn++) {
    const figures = await measure(cluster, standing, { scenario, seconds: WARM_UP_SECONDS, rate: 0 });
    const cost = figures.cpu_us_per_request;
    if (cost === undefined || cost >= before * SETTLED) return;
    before = cost;
  }
}

/** Half of what the slower of those compared answers in a second, so that nobody has a queue. */
async function halfOfSaturation(
  cluster: Cluster,
  standings: readonly Standing[],
  { saturation, subjects, protocol, name, what }: PacedScenario,
): Promise<number> {
  const scenario = { kind: 'load', name, what, protocol, load: saturation } as const;
  const rates: number[] = [];
  for (const standing of standings) {
    const { subject } = standing;
    if (subject.runs.as === 'nothing' || !subjects.includes(subject.name)) continue;
    await warmUp(cluster, standing, scenario);
    const { rps } = await measure(cluster, standing, { scenario, seconds: SATURATION_SECONDS, rate: 0 });
    if (rps !== undefined) rates.push(rps);
  }
  return Math.min(...rates) / 2;
}
