import type { Registry } from 'prom-client';
import { type AgentStatus, LIMIT_SPENDINGS } from './agent-status.ts';
import { COVERAGE_METRICS } from './coverage-metrics.ts';
import { counter, gauge, one, register, type StatusMetric, type Values } from './status-metric.ts';

const POLICY_KINDS = ['ApiPolicy', 'EgressPolicy', 'GuardProfile'] as const;
/** `On` is the only one that profiles have. */
const POLICY_MODES = ['Off', 'Audit', 'Enforce', 'On'] as const;

/** What is counted elsewhere, one series per dataplane. */
const perDataplane =
  (value: (dataplane: AgentStatus['dataplanes'][number]) => number) =>
  ({ dataplanes }: AgentStatus): Values =>
    dataplanes.map((dataplane) => [{ dataplane: `${dataplane.index}` }, value(dataplane)]);

const METRICS: readonly StatusMetric[] = [
  gauge('agent_info', 'Always 1; the version is in the label', ({ version }) => [[{ version }, 1]], [
    'version',
  ]),
  gauge('ready', '1 when the agent has everything it needs to judge', ({ ready }) => one(Number(ready))),
  ...COVERAGE_METRICS,
  gauge(
    'capture_ability',
    '1 when the kernel enforces it, as tried out at the start',
    ({ capture }) => capture.abilities.map(({ ability, problem }) => [{ ability }, Number(problem === null)]),
    ['ability'],
  ),
  gauge(
    'policies',
    'Policies and profiles in force',
    ({ policies }) =>
      POLICY_KINDS.flatMap((kind) =>
        POLICY_MODES.map((mode) => [
          { kind, mode },
          policies.filter((policy) => policy.kind === kind && policy.mode === mode).length,
        ]),
      ),
    ['kind', 'mode'],
  ),
  gauge(
    'policies_refused',
    'Policies and profiles whose latest version was refused; the last good one, if any, is in force',
    ({ policies }) =>
      POLICY_KINDS.map((kind) => [
        { kind },
        policies.filter((policy) => policy.kind === kind && policy.refused !== null).length,
      ]),
    ['kind'],
  ),
  gauge(
    'snapshot_age_seconds',
    'How old what is known of the cluster may be; absent before the first answer of the kube API',
    ({ kube }) => (kube.ageMs === null ? [] : one(kube.ageMs / 1_000)),
  ),
  gauge(
    'kube_problems',
    'Watches of the kube API that get no answer, and objects that can not be read',
    ({ kube }) => one(kube.problems.length),
  ),
  gauge('kube_missing_kinds', 'Kinds of policies that the cluster does not know', ({ kube }) =>
    one(kube.missingKinds.length),
  ),
  gauge(
    'cluster_objects',
    'What is known of the cluster, by resource',
    ({ kube }) => [
      [{ resource: 'services' }, kube.services],
      [{ resource: 'endpointslices' }, kube.slices],
    ],
    ['resource'],
  ),
  gauge(
    'dataplane_up',
    '1 while the process serves, and says so',
    perDataplane(({ state }) => Number(state === 'serving')),
    ['dataplane'],
  ),
  counter(
    'dataplane_restarts_total',
    'Times the process was started again',
    perDataplane(({ restarts }) => restarts),
    ['dataplane'],
  ),
  gauge(
    'open_connections',
    'Connections being relayed',
    perDataplane(({ openConnections }) => openConnections),
    ['dataplane'],
  ),
  gauge(
    'held_connections',
    'Connections that wait for their caller to be known',
    perDataplane(({ heldConnections }) => heldConnections),
    ['dataplane'],
  ),
  counter(
    'dataplane_cpu_seconds_total',
    'CPU time that the process has spent, user and system',
    perDataplane(({ cpuSeconds }) => cpuSeconds),
    ['dataplane'],
  ),
  gauge(
    'dataplane_rss_bytes',
    'Resident memory of the process',
    perDataplane(({ rssBytes }) => rssBytes),
    ['dataplane'],
  ),
  gauge(
    'dataplane_loop_lag_seconds',
    'Longest delay of the event loop in the last second',
    perDataplane(({ loopLagMs }) => loopLagMs / 1_000),
    ['dataplane'],
  ),
  gauge(
    'control_loop_lag_seconds',
    "Longest delay of control's event loop in the last minute or two",
    (status) => one(status.controlLoopLagMs / 1_000),
  ),
  counter('capture_repairs_total', 'Times that rules or listeners had to be put back', ({ capture }) =>
    one(capture.repairs),
  ),
  counter(
    'flow_records_dropped_total',
    'Flow records lost: in a dataplane whose queue was full, or for a slow reader',
    ({ flows }) => [
      [{ where: 'dataplane' }, flows.droppedByDataplanes],
      [{ where: 'tail' }, flows.droppedForTails],
    ],
    ['where'],
  ),
  counter(
    'events_suppressed_total',
    'Events that no sink was told of, for there were more in a second than may be (`--events-per-second`)',
    ({ eventsSuppressed }) => one(eventsSuppressed),
  ),
  counter(
    'sink_events_total',
    'Events that a sink has taken, and those that its receiver has',
    ({ sinks }) =>
      sinks.flatMap(({ sink, accepted, delivered }) => [
        [{ sink, fate: 'accepted' }, accepted] as const,
        [{ sink, fate: 'delivered' }, delivered] as const,
      ]),
    ['sink', 'fate'],
  ),
  counter(
    'sink_dropped_total',
    'Events that a sink has lost, by why: too many at once, too many waiting, the disk, or the receiver refuses them',
    ({ sinks }) =>
      sinks.flatMap(({ sink, dropped }) =>
        Object.entries(dropped).map(([reason, count]) => [{ sink, reason }, count] as const),
      ),
    ['sink', 'reason'],
  ),
  counter(
    'sink_retries_total',
    'Attempts of a sink that failed, and are made again',
    ({ sinks }) => sinks.map(({ sink, retries }) => [{ sink }, retries]),
    ['sink'],
  ),
  gauge(
    'sink_waiting_bytes',
    'What waits for the receiver of a sink',
    ({ sinks }) => sinks.map(({ sink, waitingBytes }) => [{ sink }, waitingBytes]),
    ['sink'],
  ),
  gauge(
    'sink_up',
    '1 while nothing is wrong with a sink',
    ({ sinks }) => sinks.map(({ sink, problem }) => [{ sink }, Number(problem === null)]),
    ['sink'],
  ),
  gauge(
    'limit_store_up',
    '1 while the store of limits answers for every part of it',
    ({ limits }) => [[{ kind: limits.store.kind }, Number(limits.store.problem === null)]],
    ['kind'],
  ),
  counter('limit_store_asks_total', 'Asks of the store for tokens, one per bucket', ({ limits }) =>
    one(limits.store.asks),
  ),
  counter(
    'limit_store_failed_asks_total',
    'Asks that the store did not answer in time (`--store-timeout`)',
    ({ limits }) => one(limits.store.failedAsks),
  ),
  gauge(
    'limit_store_latency_seconds',
    'The slowest answer of the store in the last minute or two',
    ({ limits }) => one(limits.store.slowestMs / 1_000),
  ),
  gauge(
    'limit_mode',
    '1 for the mode limits are kept in: tokens leased from the store, or shares spent without it',
    ({ limits }) => (['lease', 'share'] as const).map((mode) => [{ mode }, Number(limits.mode === mode)]),
    ['mode'],
  ),
  counter(
    'limit_spendings_total',
    'Requests that met a rate, by where their tokens came from (leased, ahead of a lease, alone in this process, share, open) or why there were none',
    ({ limits }) => LIMIT_SPENDINGS.map((from) => [{ from }, limits.spent[from]]),
    ['from'],
  ),
  counter(
    'limit_overshoot_total',
    'Requests admitted without tokens from the store, by which limits may be exceeded until they are paid for',
    ({ limits: { spent } }) => one(spent.ahead + spent.share + spent.open),
  ),
  gauge('limit_buckets', 'Buckets of limits in use', ({ limits }) => one(limits.buckets)),
  counter('limit_others_total', 'Requests that shared a bucket because all were in use', ({ limits }) =>
    one(limits.others),
  ),
  counter(
    'limit_unverified_total',
    'Requests that a limit by principal counted for their workload, for want of a verified principal',
    ({ limits }) => one(limits.unverified),
  ),
  gauge(
    'news_up',
    '1 while nodes can tell each other what workloads were shown and who uses which credential; absent where they do not',
    ({ news }) => (news === null ? [] : one(Number(news.problem === null))),
  ),
  gauge(
    'issuer_up',
    '1 while the keys of a token issuer can be had; what was had last stays in use (`--jwt-issuers`)',
    ({ issuers }) => issuers.map(({ issuer, problem }) => [{ issuer }, Number(problem === null)]),
    ['issuer'],
  ),
];

/** Metrics of the agent itself, taken from its status whenever somebody looks. */
export function registerAgentMetrics(registry: Registry, status: () => AgentStatus): void {
  // One status per scrape, not one per metric.
  let current: AgentStatus | null = null;
  const shared = (): AgentStatus => {
    if (current !== null) return current;
    setImmediate(() => {
      current = null;
    });
    current = status();
    return current;
  };
  for (const metric of METRICS) register(registry, metric, shared);
}
