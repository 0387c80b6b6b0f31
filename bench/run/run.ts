import { Cluster, type Standing } from '../cluster/cluster.ts';
import { POLICIES } from '../cluster/topology.ts';
import type { Scenario } from '../load/scenarios.ts';
import { type Figures, summarise } from './figures.ts';
import { describeMachine } from './machine.ts';
import { measure } from './measure.ts';
import type { Options } from './options.ts';
import { type Results, type ScenarioResult, scenarioResult } from './report.ts';

export interface Progress {
  readonly log: (line: string) => void;
  readonly finished: (result: ScenarioResult) => void;
}

/** Seconds of traffic that nobody counts, so that compilers have compiled and pools are filled. */
const WARM_UP_SECONDS = 1;

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
  if (scenario.kind === 'load') {
    for (const standing of standings)
      await measure(cluster, standing, { scenario, seconds: WARM_UP_SECONDS });
  }
  for (let round = 0; round < rounds; round++) {
    for (const standing of standings) {
      figures.get(standing.subject.name)?.push(await measure(cluster, standing, { scenario, seconds }));
    }
  }
  const summaries = [...figures].map(([name, measured]) => [name, summarise(measured)] as const);
  return scenarioResult(scenario, rounds, new Map(summaries));
}
