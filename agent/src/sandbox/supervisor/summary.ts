import { asPod, isReady, isTerminating, type Pod, RESOURCES } from '../cluster/objects.ts';
import type { ObjectStore } from '../kube-api/store.ts';
import type { PodSummary } from '../protocol.ts';

export const podSummaries = (store: ObjectStore): PodSummary[] =>
  store.list(RESOURCES.pods).map((object) => summarize(asPod(object)));

export function summarize(pod: Pod): PodSummary {
  const { status, spec, metadata } = pod;
  const statuses = status?.containerStatuses ?? [];
  const waiting = statuses.find(({ state }) => state.waiting !== undefined)?.state.waiting;
  const message = status?.message ?? waiting?.reason;
  return {
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    node: spec.nodeName ?? '',
    phase: isTerminating(pod) ? 'Terminating' : (status?.reason ?? status?.phase ?? 'Pending'),
    ready: isReady(pod),
    restarts: statuses.reduce((sum, { restartCount }) => sum + restartCount, 0),
    ips: (status?.podIPs ?? []).map(({ ip }) => ip),
    ...(message === undefined ? {} : { message }),
  };
}
