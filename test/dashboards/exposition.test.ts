import { join } from 'node:path';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { registerAgentMetrics } from '../../agent/src/admin/agent-metrics.ts';
import type { AttemptCounts } from '../../agent/src/admin/agent-status.ts';
import { registerProcessMetrics } from '../../agent/src/admin/process-metrics.ts';
import { Metrics } from '../../agent/src/sinks/metrics.ts';
import { agentStatus } from '../../agent/testing/agent-status.ts';
import { aFinding } from '../../agent/testing/findings.ts';
import { aUsage } from '../../agent/testing/operation-usage.ts';
import { trafficCell } from '../../agent/testing/traffic-cell.ts';
import { serviceMap } from '../../deploy/dashboards/service-map.ts';
import { eventuallyAsync } from '../support/agent.ts';
import { filled, panels } from './panels.ts';
import { Prometheus } from './prometheus.ts';

const NODE = 'node-a';
const RULES = join(import.meta.dirname, '../../deploy/chart/files/alerts.yaml');

/** What an agent exposes after a second more of traffic in which there is something of everything. */
class BusyAgent {
  readonly #registry = new Registry();
  readonly #metrics: Metrics;
  #scrapes = 0;

  constructor() {
    this.#metrics = new Metrics(this.#registry, {
      maxSeries: 1_000,
      findings: { open: [aFinding()] },
      catalog: { size: 3, forgotten: 0 },
      monotonic: () => 0,
    });
    registerAgentMetrics(this.#registry, () => statusAfter(this.#scrapes));
    registerProcessMetrics(this.#registry);
  }

  scrape(): Promise<string> {
    this.#scrapes++;
    const refused = { policy: 'shop/web', rule: null, reason: 'no_rule_allows', exchanges: 4 } as const;
    const limit = { policy: 'shop/web', limit: 'read', admitted: 3, refused: 1 };
    this.#metrics.totals({
      cells: [
        trafficCell(),
        trafficCell({ destination: 'external', outcome: 'upstream_reset', statusClass: 'none' }),
        fromRunner({ destination: 'shop/web:80', verdict: 'deny', outcome: 'denied', statusClass: '4xx' }),
        fromRunner({ destination: 'shop/raw:80', verdict: 'would-deny', statusClass: '5xx' }),
      ],
      verdicts: [
        { ...refused, verdict: 'deny' },
        { ...refused, policy: 'shop/raw', verdict: 'would-deny' },
      ],
      limits: {
        mode: 'lease',
        buckets: 1,
        unverified: 0,
        spent: { ...agentStatus().limits.spent, others: 0 },
        cells: [
          { ...limit, enforced: true },
          { ...limit, enforced: false },
        ],
      },
    });
    this.#metrics.usages([aUsage({ statuses: [0, 0, 3, 0, 2, 1] }), aUsage({ kind: 'probes' })]);
    this.#metrics.findings.began(aFinding());
    return this.#registry.metrics();
  }
}

const fromRunner = (differs: Parameters<typeof trafficCell>[0]) =>
  trafficCell({ callerNamespace: 'ci', callerWorkload: 'ci-runner', ...differs });

/** Everything that the kernel counts of pods grows, and what sinks count. */
function statusAfter(seconds: number) {
  const attempts = Object.fromEntries(
    Object.keys(agentStatus().pods[0]?.attempts ?? {}).map((name) => [name, seconds]),
  ) as unknown as AttemptCounts;
  const sink = {
    sink: 'webhook',
    accepted: 3 * seconds,
    delivered: seconds,
    retries: seconds,
    dropped: { spool_full: seconds },
    waitingBytes: 2_048,
    problem: 'it answers 503',
  };
  return agentStatus({ pods: agentStatus().pods.map((pod) => ({ ...pod, attempts })), sinks: [sink] });
}

let prometheus: Prometheus;
beforeAll(async () => {
  const agent = new BusyAgent();
  prometheus = await Prometheus.start({
    metrics: () => agent.scrape(),
    nodes: [NODE],
    absent: ['node-z'],
    rules: RULES,
  });
});
afterAll(() => prometheus?.stop());

test('every query of every panel returns data', async () => {
  await eventuallyAsync(async () => {
    const results = await Promise.all(
      panels.flatMap(({ dashboard, panel }) =>
        panel.targets.map(async ({ expr }) => ({
          query: `${dashboard}: ${panel.title}: ${expr}`,
          samples: await prometheus.query(filled(expr)),
        })),
      ),
    );
    expect(results.length).toBeGreaterThan(50);
    expect(results.filter(({ samples }) => samples.length === 0).map(({ query }) => query)).toEqual([]);
  }, 60_000);
});

test('the map has both ends of each edge, and says by colour what is refused', async () => {
  const [graph] = serviceMap.sections.flatMap(({ rows }) => rows.flat());
  const [nodes = [], edges = []] = await Promise.all(
    (graph?.targets ?? []).map(({ expr }) => prometheus.query(filled(expr))),
  );
  const shown = (samples: typeof nodes, names: readonly string[]) =>
    samples.map(({ metric }) => names.map((name) => metric[name] ?? '').join(' | ')).sort();
  expect(shown(edges, ['id', 'source', 'target', 'color'])).toEqual([
    'ci/ci-runner → shop/raw | ci/ci-runner | shop/raw | orange',
    'ci/ci-runner → shop/web | ci/ci-runner | shop/web | red',
    'shop/frontend → external | shop/frontend | external | green',
    'shop/frontend → shop/orders | shop/frontend | shop/orders | green',
  ]);
  // An edge that ends nowhere breaks the panel, so these are all of its ends.
  expect(shown(nodes, ['id', 'title', 'subtitle', 'color'])).toEqual([
    'ci/ci-runner | ci-runner | ci | red',
    'external | external |  | green',
    'shop/frontend | frontend | shop | green',
    'shop/orders | orders | shop | green',
    'shop/raw | raw | shop | orange',
    'shop/web | web | shop | red',
  ]);
});

test('every rule is understood by Prometheus, and its texts are filled in', async () => {
  await eventuallyAsync(async () => {
    const rules = await prometheus.rules();
    expect(rules.map(({ name, health, lastError = '' }) => [name, health, lastError])).toEqual(
      rules.map(({ name }) => [name, 'ok', '']),
    );
    const raised = rules.filter(({ alerts }) => alerts.length > 0);
    expect(raised.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        'EastwallAgentDown',
        'EastwallBypassAttempts',
        'EastwallEventSinkFailing',
        'EastwallEventsDropped',
        'EastwallInterceptionFailed',
        'EastwallPolicyRefused',
        'EastwallSevereFinding',
        'EastwallWouldDeny',
      ]),
    );
    const texts = raised.flatMap(({ alerts }) =>
      alerts.flatMap(({ annotations }) => Object.values(annotations)),
    );
    expect(texts.filter((text) => /<error|<no value>|\{\{/.test(text))).toEqual([]);
  }, 60_000);
});
