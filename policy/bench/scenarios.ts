import { type ApiPolicy, type Facts, PolicySet, type Rule } from '../src/index.ts';
import { destination, policy, workload } from '../testing/builders.ts';

/** A set with the given number of rules, and requests that keep its data paths from being one warm line. */
export interface Scenario {
  readonly name: string;
  build(rules: number): { readonly policies: readonly ApiPolicy[]; readonly requests: readonly Facts[] };
}

const RULES_PER_POLICY = 100;
const REQUESTS = 512;

export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'many services, 10 rules each',
    build: (count) => {
      const services = Math.ceil(count / 10);
      const policies = range(services).map((s) =>
        policy({
          name: `p${s}`,
          target: { services: [`svc-${s}`] },
          rules: range(10).map((r) => restRule(r)),
        }),
      );
      return {
        policies,
        requests: range(REQUESTS).map((i) =>
          request(`svc-${i % services}`, i, `/v1/things-${i % 10}/${i}/parts`),
        ),
      };
    },
  },
  {
    name: 'one service, distinct paths',
    build: (count) => ({
      policies: split(range(count).map(restRule)),
      requests: range(REQUESTS).map((i) => request('svc', i, `/v1/things-${(i * 17) % count}/${i}/parts`)),
    }),
  },
  {
    name: 'one service, distinct callers',
    build: (count) => ({
      policies: split(
        range(count).map((r) => ({
          ...restRule(0),
          name: `r${r}`,
          from: [{ serviceAccount: `caller-${r}` }],
        })),
      ),
      requests: range(REQUESTS).map((i) => request('svc', (i * 17) % count, `/v1/things-0/${i}/parts`)),
    }),
  },
  {
    name: 'one service, denied, path unknown',
    build: (count) => ({
      policies: split(range(count).map(restRule)),
      requests: range(REQUESTS).map((i) => request('svc', i, `/v1/nowhere-${i}/${i}`)),
    }),
  },
];

export function setOf(policies: readonly ApiPolicy[]): PolicySet {
  return PolicySet.empty().with({ upsert: policies });
}

function restRule(r: number): Rule {
  return {
    name: `r${r}`,
    action: r % 10 === 9 ? 'Deny' : 'Allow',
    to: [
      { methods: ['GET', 'PUT', 'DELETE'], path: `/v1/things-${r}/{id:int}/parts` },
      { methods: ['GET', 'POST'], path: `/v1/things-${r}` },
    ],
  };
}

function split(rules: readonly Rule[]): ApiPolicy[] {
  const count = Math.ceil(rules.length / RULES_PER_POLICY);
  return range(count).map((p) =>
    policy({
      name: `p${p}`,
      target: { services: ['svc'] },
      rules: rules.slice(p * RULES_PER_POLICY, (p + 1) * RULES_PER_POLICY),
    }),
  );
}

function request(service: string, caller: number, path: string): Facts {
  return {
    caller: workload({
      uid: `pod-${caller % 110}`,
      serviceAccount: `caller-${caller % 110}`,
      labels: { app: 'web', tier: 'front' },
    }),
    destination: destination({ services: [{ namespace: 'shop', service, port: 80 }], ip: service }),
    operation: { method: 'GET', path },
  };
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}
