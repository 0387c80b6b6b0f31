import { evaluate, type Facts, type PolicySet } from '../src/index.ts';
import { bytesPerDecision, microsecondsFor, nsPerDecision, printHeader, printRow } from './measure.ts';
import { SCENARIOS, setOf } from './scenarios.ts';

// `node policy/bench/evaluate.bench.ts`: nanoseconds per decision, and what a change of policy costs.
// Figures are medians of several rounds on whatever machine this is: compare them with each other.

const HEADER = [
  'rules',
  'evaluate ns',
  'scope held ns',
  'B/decision',
  'scope built µs',
  'one policy changed µs',
];
const SCOPES_BUILT = 16;

for (const { name, build } of SCENARIOS) {
  printHeader(name, HEADER);
  for (const rules of [100, 1_000, 10_000]) {
    const { policies, requests } = build(rules);
    const set = setOf(policies);
    const scoped = requests.map(withScope(set));
    const decide = ({ scope, operation }: (typeof scoped)[number]) =>
      scope.evaluate(operation.method, operation.path, '');
    printRow(HEADER, [
      rules,
      nsPerDecision(requests, (facts) => evaluate(set, facts)),
      nsPerDecision(scoped, decide),
      bytesPerDecision(scoped, decide),
      microsecondsFor(SCOPES_BUILT, () => {
        const fresh = setOf(policies);
        return () => {
          for (const { caller, destination } of requests.slice(0, SCOPES_BUILT))
            fresh.scope(caller, destination);
        };
      }),
      microsecondsFor(1, () => () => set.with({ upsert: policies.slice(0, 1) })),
    ]);
  }
}

function withScope(set: PolicySet) {
  return ({ caller, destination, operation }: Facts) => ({
    scope: set.scope(caller, destination),
    operation,
  });
}
