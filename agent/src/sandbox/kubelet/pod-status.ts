import type {
  Condition,
  ContainerState,
  ContainerStatus,
  Pod,
  PodPhase,
  PodStatus,
} from '../cluster/objects.ts';
import type { Addresses } from '../network/addresses.ts';

export interface ContainerView {
  readonly name: string;
  readonly image: string;
  readonly state: ContainerState;
  readonly lastState?: ContainerState | undefined;
  readonly restarts: number;
  /** Answers its readiness probe, or runs and has none. */
  readonly ready: boolean;
}

export interface PodView {
  readonly podIps: Addresses;
  readonly hostIps: Addresses;
  readonly startTime: string;
  readonly containers: readonly ContainerView[];
  /** Why the pod can't be run at all. */
  readonly problem?: { readonly reason: string; readonly message: string } | undefined;
}

/** The status that a kubelet would report; conditions keep their transition time while they stay the same. */
export function podStatus(pod: Pod, view: PodView, now: string): PodStatus & Record<string, unknown> {
  const phase = view.problem === undefined ? phaseOf(view.containers) : 'Failed';
  const finished = phase === 'Succeeded' || phase === 'Failed';
  const ready = !finished && view.containers.length > 0 && view.containers.every((one) => one.ready);
  const [podIP] = view.podIps;
  const [hostIP] = view.hostIps;
  return {
    phase,
    qosClass: 'BestEffort',
    startTime: view.startTime,
    ...(hostIP === undefined ? {} : { hostIP, hostIPs: view.hostIps.map((ip) => ({ ip })) }),
    ...(podIP === undefined ? {} : { podIP, podIPs: view.podIps.map((ip) => ({ ip })) }),
    ...view.problem,
    conditions: conditions(pod, { ready, finished }, now),
    containerStatuses: view.containers.map((one) => containerStatus(one)),
  };
}

function phaseOf(containers: readonly ContainerView[]): PodPhase {
  if (containers.length === 0) return 'Pending';
  // A container in back-off will run again, so it keeps its pod from being finished.
  if (containers.some(({ state }) => state.terminated === undefined)) {
    const begun = containers.some(({ state, restarts }) => state.running !== undefined || restarts > 0);
    const crashing = containers.some(({ state }) => state.waiting?.reason === 'CrashLoopBackOff');
    return begun || crashing ? 'Running' : 'Pending';
  }
  return containers.every(({ state }) => state.terminated?.exitCode === 0) ? 'Succeeded' : 'Failed';
}

function conditions(
  pod: Pod,
  { ready, finished }: { readonly ready: boolean; readonly finished: boolean },
  now: string,
): Condition[] {
  const unready = finished ? 'PodCompleted' : 'ContainersNotReady';
  return [
    condition(pod, { type: 'PodScheduled', status: 'True' }, now),
    condition(pod, { type: 'Initialized', status: 'True' }, now),
    ...['ContainersReady', 'Ready'].map((type) =>
      condition(pod, ready ? { type, status: 'True' } : { type, status: 'False', reason: unready }, now),
    ),
  ];
}

function condition(pod: Pod, wanted: Condition, now: string): Condition {
  const before = pod.status?.conditions?.find(({ type }) => type === wanted.type);
  const unchanged = before?.status === wanted.status ? before.lastTransitionTime : undefined;
  return { ...wanted, lastTransitionTime: unchanged ?? now };
}

const containerStatus = (one: ContainerView): ContainerStatus => ({
  name: one.name,
  image: one.image,
  imageID: '',
  ready: one.ready,
  started: one.state.running !== undefined,
  restartCount: one.restarts,
  state: one.state,
  lastState: one.lastState ?? {},
});
