import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type SandboxHandle, startSandbox } from '../../agent/src/sandbox/start-sandbox.ts';
import { aToken } from '../../agent/testing/tokens.ts';
import { serviceMap } from '../../deploy/dashboards/service-map.ts';
import { adminGet, apiPolicy, curl, eventuallyAsync, statusOf } from '../support/agent.ts';
import { dataplaneProcesses } from '../support/processes.ts';
import { filled, panels } from './panels.ts';
import { Prometheus } from './prometheus.ts';
import { REQUESTS, TOPOLOGY } from './topology.ts';

const NODE = 'node-a';
const FRONTEND = 'shop/frontend';
const RUNNER = 'ci/ci-runner';
const RULES = join(import.meta.dirname, '../../deploy/chart/files/alerts.yaml');
const PATIENCE_MS = 90_000;

/** Panels that show what does not happen here, and why it is not made to happen: they have to be understood all the same. */
const EMPTY_HERE: Readonly<Record<string, string>> = {
  'Attempts at getting past': 'takes raw sockets in a pod; that they are counted is tested in test/capture',
  'Pods that are not intercepted': 'takes rules that are changed and not put back',
  QUIC: 'takes UDP out of the cluster; that it is counted is tested in test/capture',
};

/** Alerts that this traffic, these mistakes and these failures bring about; the others have promtool's unit tests. */
const PROVOKED = [
  'EastwallAgentDown',
  'EastwallDataplaneRestarts',
  'EastwallEventSinkFailing',
  'EastwallEventsDropped',
  'EastwallKubeProblems',
  'EastwallPolicyRefused',
  'EastwallSevereFinding',
  'EastwallStoreUnreachable',
  'EastwallWouldDeny',
];

let sandbox: SandboxHandle;
let prometheus: Prometheus;
beforeAll(async () => {
  sandbox = await startSandbox({ topology: TOPOLOGY });
  prometheus = await Prometheus.start({
    metrics: (node) => adminGet(sandbox.agentSocket(node), '/metrics'),
    nodes: [NODE],
    absent: ['node-z'],
    rules: RULES,
  });
  // What is counted from here on has increased.
  await eventuallyAsync(async () =>
    expect(await prometheus.query('eastwall_findings_total')).not.toEqual([]),
  );
  const limited = (rate: string) => [
    { name: 'read', action: 'Allow', from: [{ serviceAccount: 'frontend' }], limits: [{ key: 'All', rate }] },
  ];
  await sandbox.apply([
    apiPolicy('web', { target: { services: ['web'] }, mode: 'Enforce', rules: limited('20/m') }),
    apiPolicy('raw', { target: { services: ['raw'] }, mode: 'Audit', rules: limited('2/h') }),
  ]);
  await eventuallyAsync(async () => expect((await statusOf(sandbox, NODE)).policies).toHaveLength(2));
});
afterAll(async () => {
  await prometheus?.stop();
  await sandbox?.stop();
});

/** Something of each kind: allowed, failing, refused by rule and by limit, what would be refused, and findings. */
async function traffic(): Promise<void> {
  const foreign = `authorization: Bearer ${aToken({ sub: 'system:serviceaccount:shop:frontend' })}`;
  const ask = (pod: string, url: string) => sandbox.exec(pod, ['node', REQUESTS, url, '5']);
  await Promise.all([
    ask(FRONTEND, 'http://web.shop/orders/1'),
    ask(FRONTEND, 'http://raw.shop/fail'),
    ask(RUNNER, 'http://web.shop/orders/1'),
    ask(RUNNER, 'http://raw.shop/missing'),
    curl(sandbox, RUNNER, '-H', foreign, 'http://raw.shop/orders/1'),
    curl(sandbox, FRONTEND, 'http://raw.shop/actuator/env'),
  ]);
}

test('every query of every panel returns data', async () => {
  await eventuallyAsync(async () => {
    await traffic();
    const empty: string[] = [];
    for (const { dashboard, panel } of panels)
      for (const { expr } of panel.targets) {
        const samples = await prometheus.query(filled(expr));
        if (samples.length === 0 && !Object.hasOwn(EMPTY_HERE, panel.title))
          empty.push(`${dashboard}: ${panel.title}: ${expr}`);
      }
    expect(empty).toEqual([]);
  }, PATIENCE_MS);
});

test('the map has both ends of each edge, and says by colour what is refused', async () => {
  const [graph] = serviceMap.sections.flatMap(({ rows }) => rows.flat());
  // Both are asked one after the other, and something may have been counted in between.
  await eventuallyAsync(async () => {
    const [nodes = [], edges = []] = await Promise.all(
      (graph?.targets ?? []).map(({ expr }) => prometheus.query(filled(expr))),
    );
    const ids = nodes.map(({ metric }) => metric['id']);
    expect(new Set(ids).size).toBe(ids.length);
    const named = new Map(edges.map(({ metric }) => [metric['id'], metric]));
    expect(named.size).toBe(edges.length);
    for (const { source, target } of named.values()) {
      expect(ids).toContain(source);
      expect(ids).toContain(target);
    }
    expect(named.get('ci/ci-runner → shop/web')).toMatchObject({ color: 'red' });
    expect(named.get('ci/ci-runner → shop/raw')).toMatchObject({ color: 'orange' });
    expect(nodes.find(({ metric }) => metric['id'] === 'shop/web')?.metric).toMatchObject({
      title: 'web',
      subtitle: 'shop',
    });
  });
});

test('every rule is understood, and what goes wrong raises its alert', async () => {
  // Only CEL would keep it out of a cluster.
  const to = [{ methods: ['GET'], grpc: { service: 'shop.Orders' } }];
  const rules = [{ name: 'both', action: 'Allow', to }];
  await sandbox.apply([apiPolicy('wrong', { target: { services: ['web'] }, mode: 'Enforce', rules })]);
  await sandbox.exec('data/store', ['curl', '-s', 'http://127.0.0.1:8099/?ms=5000']);
  for (let kill = 0; kill < 4; kill++) {
    await eventuallyAsync(async () =>
      expect((await statusOf(sandbox, NODE)).dataplanes).toMatchObject([
        { state: 'serving', restarts: kill },
      ]),
    );
    for (const pid of dataplaneProcesses(sandbox, NODE)) process.kill(pid, 'SIGKILL');
  }
  await eventuallyAsync(async () => {
    await traffic();
    const rules = await prometheus.rules();
    expect(rules.filter(({ health }) => health !== 'ok')).toEqual([]);
    const raised = rules.filter(({ alerts }) => alerts.length > 0);
    expect(raised.map(({ name }) => name)).toEqual(expect.arrayContaining(PROVOKED));
    const texts = raised.flatMap(({ alerts }) =>
      alerts.flatMap(({ annotations }) => Object.values(annotations)),
    );
    expect(texts.filter((text) => /<error|<no value>|\{\{/.test(text))).toEqual([]);
  }, PATIENCE_MS);
});
