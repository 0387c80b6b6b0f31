import { CAUSES, type Cause } from '../capture/pairing.ts';
import type { AttemptCounts, PodStatus } from './agent-status.ts';
import { counter, gauge, one, type StatusMetric, type Values } from './status-metric.ts';

/** With what state a pod has it. */
const STATE_OF_CAUSE: Readonly<Record<Cause, PodStatus['state']>> = {
  excluded: 'opted-out',
  opted_out: 'opted-out',
  host_network: 'refused',
  no_address: 'waiting',
  no_namespace: 'waiting',
  ambiguous_address: 'refused',
  enrolling: 'waiting',
  rules_failed: 'refused',
  partial: 'enrolled',
  privileged: 'enrolled',
};
/** Every cause there is with the state it goes with: a series that is there from the start can be compared with zero. */
const COVERAGE: readonly (readonly [PodStatus['state'], Cause | 'none'])[] = [
  ['enrolled', 'none'],
  ...CAUSES.map((cause) => [STATE_OF_CAUSE[cause], cause] as const),
];
/** Names of counts that are no attempts are not here. */
const ATTEMPTS = [
  ['foreignListener', 'foreign_listener'],
  ['marked', 'marked'],
  ['forwarded', 'forwarded'],
  ['smuggled', 'smuggled'],
] as const satisfies readonly (readonly [keyof AttemptCounts, string])[];

const countPods = (pods: readonly PodStatus[], state: PodStatus['state'], cause: Cause | 'none'): number =>
  pods.filter((pod) => pod.state === state && (pod.cause ?? 'none') === cause).length;

/** Not `namespace` and `pod`: these are the agent's own where Prometheus finds it as a pod. */
const POD_LABELS = ['caller_namespace', 'caller_pod'] as const;
const labelsOf = ({ namespace, pod }: PodStatus) => ({ caller_namespace: namespace, caller_pod: pod });

/** One series per pod of which something was seen. */
const perPod = (pods: readonly PodStatus[], value: (attempts: AttemptCounts) => number): Values =>
  pods.flatMap((pod) => {
    const seen = value(pod.attempts);
    return seen > 0 ? [[labelsOf(pod), seen] as const] : [];
  });

/** Whose calls are judged, and what was seen of those that may want to get past. */
export const COVERAGE_METRICS: readonly StatusMetric[] = [
  gauge(
    'pods',
    'Pods of this node, by whether their calls are judged, and why not or not wholly',
    ({ pods }) => COVERAGE.map(([state, cause]) => [{ state, cause }, countPods(pods, state, cause)]),
    ['state', 'cause'],
  ),
  gauge(
    'capture_silence_seconds',
    'How long the thread that looks after pods has said nothing; it looks at all of them every `--reconcile-interval`',
    ({ capture }) => (capture.silentMs === null ? [] : one(capture.silentMs / 1_000)),
  ),
  gauge(
    'pods_quarantined',
    'Pods of this node that are set aside, so that all they ask for is refused, by whom: an annotation or a guard',
    ({ pods }) =>
      (['annotation', 'guard'] as const).map((by) => [
        { by },
        pods.filter(({ quarantined }) => quarantined === by).length,
      ]),
    ['by'],
  ),
  gauge(
    'pod_intercepted',
    '1 when a connection made in the pod came to the agent, 0 when it did not; absent where none can be made',
    ({ pods }) =>
      pods.flatMap((pod) =>
        (['v4', 'v6'] as const).flatMap((family) => {
          const state = pod.intercepted[family];
          if (state !== 'proven' && state !== 'failed') return [];
          return [[{ ...labelsOf(pod), family }, Number(state === 'proven')] as const];
        }),
      ),
    [...POD_LABELS, 'family'],
  ),
  counter(
    'bypass_attempts_total',
    'What was seen of a pod that may be attempts at getting past the agent, by kind',
    ({ pods }) =>
      pods.flatMap((pod) =>
        ATTEMPTS.flatMap(([name, kind]) =>
          pod.attempts[name] > 0 ? [[{ ...labelsOf(pod), kind }, pod.attempts[name]] as const] : [],
        ),
      ),
    [...POD_LABELS, 'kind'],
  ),
  counter(
    'unjudged_connections_total',
    'Connections of pods in fail mode `closed` that were refused while nobody judged them',
    ({ pods }) => perPod(pods, ({ unjudged }) => unjudged),
    POD_LABELS,
  ),
  counter(
    'quic_datagrams_total',
    'Datagrams of QUIC, which nobody reads, by the pod that sent them (`--quic`)',
    ({ pods }) => perPod(pods, ({ quic }) => quic),
    POD_LABELS,
  ),
];
