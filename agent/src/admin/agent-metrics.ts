import { Counter, Gauge, type Registry } from 'prom-client';
import { type AgentStatus, type AttemptCounts, LIMIT_SPENDINGS, type PodState } from './agent-status.ts';

type Values = readonly (readonly [labels: Readonly<Record<string, string>>, value: number])[];

interface Metric {
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
  readonly type: 'gauge' | 'counter';
  readonly values: (status: AgentStatus) => Values;
}

const POD_STATES: readonly PodState[] = ['enrolled', 'waiting', 'opted-out', 'refused'];

/** Names of counts that are no attempts are not here. */
const ATTEMPTS = [
  ['foreignListener', 'foreign_listener'],
  ['marked', 'marked'],
  ['forwarded', 'forwarded'],
  ['smuggled', 'smuggled'],
] as const satisfies readonly (readonly [keyof AttemptCounts, string])[];

const one = (value: number): Values => [[{}, value]];

/** What is counted elsewhere, one series per dataplane. */
const perDataplane =
  (value: (dataplane: AgentStatus['dataplanes'][number]) => number) =>
  ({ dataplanes }: AgentStatus): Values =>
    dataplanes.map((dataplane) => [{ dataplane: `${dataplane.index}` }, value(dataplane)]);

const gauge = (
  name: string,
  help: string,
  values: Metric['values'],
  labels: readonly string[] = [],
): Metric => ({
  name: `eastwall_${name}`,
  help,
  labels,
  type: 'gauge',
  values,
});
const counter = (...args: Parameters<typeof gauge>): Metric => ({ ...gauge(...args), type: 'counter' });

const METRICS: readonly Metric[] = [
  gauge('agent_info', 'Always 1; the version is in the label', ({ version }) => [[{ version }, 1]], [
    'version',
  ]),
  gauge('ready', '1 when the agent has everything it needs to judge', ({ ready }) => one(Number(ready))),
  gauge(
    'pods',
    'Pods of this node, by whether their calls are judged',
    ({ pods }) => POD_STATES.map((state) => [{ state }, pods.filter((pod) => pod.state === state).length]),
    ['state'],
  ),
  gauge(
    'pod_intercepted',
    '1 when a connection made in the pod came to the agent, 0 when it did not; absent where none can be made',
    ({ pods }) =>
      pods.flatMap(({ namespace, pod, intercepted }) =>
        (['v4', 'v6'] as const).flatMap((family) => {
          const state = intercepted[family];
          if (state !== 'proven' && state !== 'failed') return [];
          return [[{ namespace, pod, family }, Number(state === 'proven')] as const];
        }),
      ),
    ['namespace', 'pod', 'family'],
  ),
  counter(
    'bypass_attempts_total',
    'What was seen of a pod that may be attempts at getting past the agent, by kind',
    ({ pods }) =>
      pods.flatMap(({ namespace, pod, attempts }) =>
        ATTEMPTS.flatMap(([name, kind]) =>
          attempts[name] > 0 ? [[{ namespace, pod, kind }, attempts[name]] as const] : [],
        ),
      ),
    ['namespace', 'pod', 'kind'],
  ),
  counter(
    'unjudged_connections_total',
    'Connections of pods in fail mode `closed` that were refused while nobody judged them',
    ({ pods }) =>
      pods.flatMap(({ namespace, pod, attempts }) =>
        attempts.unjudged > 0 ? [[{ namespace, pod }, attempts.unjudged] as const] : [],
      ),
    ['namespace', 'pod'],
  ),
  gauge(
    'capture_ability',
    '1 when the kernel enforces it, as tried out at the start',
    ({ capture }) => capture.abilities.map(({ ability, problem }) => [{ ability }, Number(problem === null)]),
    ['ability'],
  ),
  gauge(
    'policies',
    'Policies in force, and those whose latest version was refused',
    ({ policies }) => [
      [{ state: 'in_force' }, policies.filter(({ mode }) => mode !== null).length],
      [{ state: 'refused' }, policies.filter(({ refused }) => refused !== null).length],
    ],
    ['state'],
  ),
  gauge(
    'snapshot_age_seconds',
    'How old what is known of the cluster may be; -1 before the first answer of the kube API',
    ({ kube }) => one(kube.ageMs === null ? -1 : kube.ageMs / 1_000),
  ),
  gauge(
    'dataplane_up',
    '1 while the process serves',
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
  gauge('control_loop_lag_seconds', "Longest delay of control's event loop since the last look", (status) =>
    one(status.controlLoopLagMs / 1_000),
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

function register(registry: Registry, metric: Metric, status: () => AgentStatus): void {
  const options = {
    name: metric.name,
    help: metric.help,
    labelNames: [...metric.labels],
    registers: [registry],
  };
  if (metric.type === 'gauge') {
    new Gauge({
      ...options,
      collect() {
        this.reset();
        for (const [labels, value] of metric.values(status())) this.set(labels, value);
      },
    });
  } else {
    new Counter({
      ...options,
      collect() {
        this.reset();
        for (const [labels, value] of metric.values(status())) this.inc(labels, value);
      },
    });
  }
}
