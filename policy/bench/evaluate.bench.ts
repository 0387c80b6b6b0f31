import { type ApiPolicy, evaluate, type Facts, type PolicySet } from '../src/index.ts';
import { SCENARIOS, setOf } from './scenarios.ts';

// `node policy/bench/evaluate.bench.ts`: nanoseconds per decision, and what a change of policy costs.
// Figures are medians of several rounds on whatever machine this is: compare them with each other.

const ROUNDS = 9;
const DECISIONS = 200_000;
const FEW_DECISIONS = 10_000;

const HEADER = [
  'rules',
  'evaluate ns',
  'scope held ns',
  'B/decision',
  'scope built µs',
  'one policy changed µs',
];

for (const { name, build } of SCENARIOS) {
  print(name);
  print(`  ${HEADER.map((title) => title.padStart(14)).join('  ')}`);
  for (const rules of [100, 1_000, 10_000]) {
    const { policies, requests } = build(rules);
    const set = setOf(policies);
    const figures = [
      rules,
      nsPerDecision(requests, (facts) => evaluate(set, facts)),
      nsPerDecision(requests.map(withScope(set)), ({ scope, operation }) =>
        scope.evaluate(operation.method, operation.path, ''),
      ),
      bytesPerDecision(set, requests),
      microsecondsToBuild(policies, requests),
      microsecondsToChange(set, policies),
    ];
    print(
      `  ${figures
        .map((n, i) =>
          n
            .toFixed(i > 3 ? 1 : 0)
            .padStart(HEADER[i]?.length ?? 0)
            .padStart(14),
        )
        .join('  ')}`,
    );
  }
}

function withScope(set: PolicySet) {
  return ({ caller, destination, operation }: Facts) => ({
    scope: set.scope(caller, destination),
    operation,
  });
}

function nsPerDecision<T>(requests: readonly T[], decide: (request: T) => { verdict: string }): number {
  return median(() => {
    const start = process.hrtime.bigint();
    run(requests, decide, DECISIONS);
    return Number(process.hrtime.bigint() - start) / DECISIONS;
  });
}

/** Heap growth over few enough decisions that no collection hides it. */
function bytesPerDecision(set: PolicySet, requests: readonly Facts[]): number {
  const scoped = requests.map(withScope(set));
  return median(() => {
    const before = process.memoryUsage().heapUsed;
    run(
      scoped,
      ({ scope, operation }) => scope.evaluate(operation.method, operation.path, ''),
      FEW_DECISIONS,
    );
    return Math.max(0, process.memoryUsage().heapUsed - before) / FEW_DECISIONS;
  });
}

function microsecondsToBuild(policies: readonly ApiPolicy[], requests: readonly Facts[]): number {
  return median(() => {
    const set = setOf(policies);
    const some = requests.slice(0, 16);
    const start = process.hrtime.bigint();
    for (const { caller, destination } of some) set.scope(caller, destination);
    return Number(process.hrtime.bigint() - start) / 1_000 / some.length;
  });
}

function microsecondsToChange(set: PolicySet, policies: readonly ApiPolicy[]): number {
  const [changed] = policies;
  if (changed === undefined) return Number.NaN;
  return median(() => {
    const start = process.hrtime.bigint();
    set.with({ upsert: [changed] });
    return Number(process.hrtime.bigint() - start) / 1_000;
  });
}

function run<T>(
  requests: readonly T[],
  decide: (request: T) => { verdict: string },
  decisions: number,
): void {
  let denied = 0;
  for (let i = 0; i < decisions; i++) {
    const request = requests[i % requests.length];
    if (request !== undefined && decide(request).verdict === 'deny') denied++;
  }
  // Used, so that the engine can't drop the loop.
  if (denied < 0) print(String(denied));
}

function median(measure: () => number): number {
  const figures = Array.from({ length: ROUNDS }, measure).sort((a, b) => a - b);
  return figures[ROUNDS >> 1] ?? Number.NaN;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
