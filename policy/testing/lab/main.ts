import { CALLERS, type CallerName } from './callers.ts';
import { attack, clean, type Outcome, SCENARIOS, type Scenario } from './scenarios.ts';

// `node policy/testing/lab/main.ts [tune|held|fresh|many] [caller]`: what the detectors see in synthetic traffic, in virtual
// time. Parameters are chosen on `tune` and reported on the others. Who worked on the detectors has seen what `held` gives,
// and not what `fresh` and `many` do: whoever tunes by them replaces them. `many` takes a quarter of an hour.

const SEEDS = { tune: range(1001, 1032), held: [2, 4, 6, 8], fresh: range(501, 508), many: range(501, 532) };
type SeedSet = keyof typeof SEEDS;

const isSeedSet = (name: string | undefined): name is SeedSet => name !== undefined && name in SEEDS;
const half: SeedSet = isSeedSet(process.argv[2]) ? process.argv[2] : 'fresh';
const only = process.argv[3];
const callers = (Object.keys(CALLERS) as CallerName[]).filter((name) => only === undefined || name === only);
const seeds = SEEDS[half];
let failures = 0;

print(`seeds ${seeds.join(' ')} (${half})`);
print('\nfalse episodes in 48 clean hours after 24 hours of learning, per seed');
for (const caller of callers) {
  const episodes = seeds.map((seed) => clean(caller, seed, { learn: 24, judge: 48 }).falseEpisodes);
  const isMet = episodes.every((count) => count === 0);
  if (!isMet) failures++;
  const sum = episodes.reduce((a, b) => a + b, 0);
  const perWeek = `${((sum * 7) / (2 * seeds.length)).toFixed(1)} a week`;
  print(`  ${caller.padEnd(17)} ${episodes.join(' ')}   ${perWeek}${isMet ? '' : ', 0 MISSED'}`);
}

print('\nids leaked before the first alert and before the block; median (worst) over the seeds');
print(`  ${'as'.padEnd(17)}${'attacker'.padEnd(24)}${'alert'.padStart(12)}${'block'.padStart(14)}   bar`);
for (const scenario of SCENARIOS) if (callers.includes(scenario.caller)) report(scenario);
process.exitCode = failures > 0 ? 1 : 0;

function report(scenario: Scenario): void {
  const outcomes = seeds.map((seed) => attack(scenario, seed, { learnHours: 24, attackHours: 3 }));
  const alerts = outcomes.map((outcome) => outcome.leakedAtAlert);
  const isMet =
    scenario.bar === null || alerts.every((count) => count !== null && count <= (scenario.bar ?? 0));
  if (!isMet) failures++;
  const name = `${scenario.attacker}${scenario.hasContract ? ', contract' : ''}`;
  const bar = scenario.bar === null ? `– ${scenario.why}` : `≤ ${scenario.bar}${isMet ? '' : ' MISSED'}`;
  const block = figures(outcomes, 'leakedAtBlock');
  print(
    `  ${scenario.caller.padEnd(17)}${name.padEnd(24)}${figures(outcomes, 'leakedAtAlert').padStart(12)}${block.padStart(14)}   ${bar}`,
  );
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}

function figures(outcomes: readonly Outcome[], field: 'leakedAtAlert' | 'leakedAtBlock'): string {
  const counts = outcomes.map((outcome) => outcome[field] ?? Number.POSITIVE_INFINITY).sort((a, b) => a - b);
  const text = (count: number | undefined) => (count === Number.POSITIVE_INFINITY ? 'never' : String(count));
  return `${text(counts[(counts.length - 1) >> 1])} (${text(counts.at(-1))})`;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
