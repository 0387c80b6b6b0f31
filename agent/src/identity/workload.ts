import type { Workload } from '@eastwall/policy';
import type { PodInfo } from './cluster-objects.ts';

type Owner = NonNullable<PodInfo['owner']>;

/**
 * The caller that a pod is. The workload is what a person deployed, one step above the pod's own owner:
 * ReplicaSets and Jobs are not watched, their names say enough.
 */
export function workloadOf(pod: PodInfo): Workload {
  const owner = pod.owner === null ? null : deployedBy(pod.owner, pod.labels);
  return {
    uid: pod.uid,
    namespace: pod.namespace,
    pod: pod.name,
    node: pod.node,
    serviceAccount: pod.serviceAccount,
    kind: owner?.kind ?? 'Pod',
    name: owner?.name ?? pod.name,
    labels: pod.labels,
  };
}

function deployedBy(owner: Owner, labels: PodInfo['labels']): Owner | null {
  switch (owner.kind) {
    case 'ReplicaSet':
      return templateOwner(owner, labels);
    case 'Job':
      return cronJobOf(owner.name) ?? owner;
    case 'Node':
      // The kubelet owns static pods, and a node is no workload.
      return null;
    default:
      return owner;
  }
}

/** A Deployment names its ReplicaSets `<deployment>-<pod-template-hash>` and labels their pods with the hash. */
function templateOwner(replicaSet: Owner, labels: PodInfo['labels']): Owner {
  const suffix = `-${labels['pod-template-hash'] ?? ''}`;
  if (suffix === '-' || !replicaSet.name.endsWith(suffix) || replicaSet.name === suffix) return replicaSet;
  return { kind: 'Deployment', name: replicaSet.name.slice(0, -suffix.length) };
}

/** 2020-01-01 in minutes since the epoch: CronJobs are younger, and dates such as `20260801` are smaller numbers. */
const EARLIEST_SCHEDULED_MINUTE = 26_297_280;

/** The CronJob controller names its Jobs `<cronjob>-<scheduled time in minutes since the epoch>`, 8 digits until 2160. */
function cronJobOf(job: string): Owner | null {
  const [, name, minute] = /^(.+)-(\d{8})$/.exec(job) ?? [];
  if (name === undefined || Number(minute) < EARLIEST_SCHEDULED_MINUTE) return null;
  return { kind: 'CronJob', name };
}
