import { type EgressPolicy, type EgressRule, type EgressSelector, EgressSet } from '../src/index.ts';
import { egressPolicy, outside, workload } from '../testing/builders.ts';
import { bytesPerDecision, microsecondsFor, nsPerDecision, printHeader, printRow } from './measure.ts';

// `node policy/bench/egress.bench.ts`: what a connection to the outside costs, and a new address for a known caller.

const HEADER = ['rules', 'TLS ns', 'HTTP ns', 'B/decision', 'new address µs', 'one policy changed µs'];
const RULES_PER_POLICY = 100;
const REQUESTS = 512;

const SCENARIOS: readonly (readonly [name: string, selector: (rule: number) => EgressSelector])[] = [
  ['distinct hosts', (r) => ({ hosts: [hostOf(r)] })],
  ['distinct wildcards', (r) => ({ hosts: [`*.zone-${r}.example.com`] })],
  ['distinct networks', (r) => ({ cidrs: [`${ipOf(r)}/32`], ports: [443] })],
  ['hosts bound to networks', (r) => ({ hosts: [hostOf(r)], cidrs: [`${ipOf(r)}/32`] })],
  ['hosts and paths', (r) => ({ hosts: [hostOf(r)], methods: ['GET'], path: `/v1/{id:int}/parts-${r}` })],
];

for (const [name, selector] of SCENARIOS) {
  printHeader(name, HEADER);
  for (const count of [100, 1_000, 10_000]) {
    const policies = policiesOf(count, selector);
    const set = EgressSet.empty().with({ upsert: policies });
    const connections = range(REQUESTS).map((i) => {
      const r = (i * 17) % count;
      const scope = set.scope(workload(), outside(ipOf(r)));
      return { scope, host: hostOf(r), path: `/v1/${i}/parts-${r}` };
    });
    const overHttp = ({ scope, host, path }: (typeof connections)[number]) =>
      scope.evaluate('GET', path, host);
    printRow(HEADER, [
      count,
      nsPerDecision(connections, ({ scope, host }) => scope.unread(host)),
      nsPerDecision(connections, overHttp),
      bytesPerDecision(connections.slice(0, 1), overHttp),
      microsecondsFor(REQUESTS, () => {
        const fresh = EgressSet.empty().with({ upsert: policies });
        fresh.scope(workload(), outside());
        return () => {
          for (let i = 0; i < REQUESTS; i++) fresh.scope(workload(), outside(ipOf(i)));
        };
      }),
      microsecondsFor(1, () => () => set.with({ upsert: policies.slice(0, 1) })),
    ]);
  }
}

function policiesOf(count: number, selector: (rule: number) => EgressSelector): EgressPolicy[] {
  const rules: EgressRule[] = range(count).map((r) => ({
    name: `r${r}`,
    action: r % 10 === 9 ? 'Deny' : 'Allow',
    to: [selector(r)],
  }));
  return range(Math.ceil(count / RULES_PER_POLICY)).map((p) =>
    egressPolicy({ name: `p${p}`, rules: rules.slice(p * RULES_PER_POLICY, (p + 1) * RULES_PER_POLICY) }),
  );
}

function hostOf(r: number): string {
  return `api.zone-${r}.example.com`;
}

function ipOf(r: number): string {
  return `10.${(r >> 16) & 255}.${(r >> 8) & 255}.${r & 255}`;
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}
