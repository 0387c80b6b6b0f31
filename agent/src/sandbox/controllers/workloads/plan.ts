import { isFinished, isReady, isTerminating, type Pod, type WorkloadObject } from '../../cluster/objects.ts';
import type { ObjectInput } from '../../kube-api/object.ts';
import { byAge, podOf, randomSuffix, templateHash } from './pod-factory.ts';

/** What one pass of a workload's controller does, and what it then says of the workload. */
export interface Plan {
  readonly create: readonly ObjectInput[];
  readonly remove: readonly Pod[];
  readonly status: Readonly<Record<string, unknown>>;
}

const HASH_LABEL = 'pod-template-hash';
export const REVISION_LABEL = 'controller-revision-hash';

const times = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: Math.max(0, count) }, (_, index) => make(index));

/** As many interchangeable pods as wanted; the youngest go first. `owned` are the pods of this workload. */
export function planReplicaSet(set: WorkloadObject, owned: readonly Pod[]): Plan {
  const wanted = set.spec.replicas ?? 1;
  const alive = owned.filter((pod) => !isFinished(pod) && !isTerminating(pod)).toSorted(byAge);
  return {
    create: times(wanted - alive.length, () =>
      podOf(set, { name: `${set.metadata.name}-${randomSuffix()}` }),
    ),
    remove: alive.slice(wanted),
    status: counts(alive.slice(0, wanted), wanted),
  };
}

/** Pods with names that stay: all at once rather than one after the other, and never renewed by themselves. */
export function planStatefulSet(set: WorkloadObject, owned: readonly Pod[]): Plan {
  const wanted = set.spec.replicas ?? 1;
  const names = times(wanted, (index) => `${set.metadata.name}-${index}`);
  const kept = owned.filter(({ metadata }) => names.includes(metadata.name));
  const missing = names.filter((name) => !kept.some(({ metadata }) => metadata.name === name));
  return {
    create: missing.map((name) =>
      podOf(set, {
        name,
        labels: {
          'statefulset.kubernetes.io/pod-name': name,
          'apps.kubernetes.io/pod-index': name.slice(set.metadata.name.length + 1),
        },
        spec: { hostname: name, subdomain: set.spec.serviceName ?? '' },
      }),
    ),
    remove: owned.filter((pod) => !kept.includes(pod) && !isTerminating(pod)),
    status: counts(
      kept.filter((pod) => !isTerminating(pod)),
      wanted,
    ),
  };
}

/**
 * One pod per node. After a change of the template the old pod goes first, or, with `maxSurge`, when the new one
 * is ready.
 */
export function planDaemonSet(set: WorkloadObject, owned: readonly Pod[], nodes: readonly string[]): Plan {
  const hash = templateHash(set.spec.template);
  const surge = set.spec.updateStrategy?.rollingUpdate?.maxSurge ?? 0;
  const surges = surge !== 0 && surge !== '0' && surge !== '0%';
  const isCurrent = (pod: Pod) => pod.metadata.labels?.[REVISION_LABEL] === hash;
  const perNode = nodes.map((node) => {
    const here = owned.filter(({ spec }) => spec.nodeName === node);
    const staying = here.filter((pod) => !isTerminating(pod));
    const current = staying.filter(isCurrent);
    const old = staying.filter((pod) => !isCurrent(pod));
    // Without surge the node has to be free of the last one, its process included.
    const needed = current.length === 0 && (surges || here.length === 0);
    return {
      create: needed ? [podOf(set, daemonPod(set, node, hash))] : [],
      remove: surges && !current.some(isReady) ? [] : old,
      current,
    };
  });
  const strays = owned.filter((pod) => !nodes.includes(pod.spec.nodeName ?? '') && !isTerminating(pod));
  const current = perNode.flatMap((one) => one.current);
  return {
    create: perNode.flatMap((one) => one.create),
    remove: [...strays, ...perNode.flatMap((one) => one.remove)],
    status: {
      desiredNumberScheduled: nodes.length,
      currentNumberScheduled: current.length,
      updatedNumberScheduled: current.length,
      numberMisscheduled: strays.length,
      numberReady: current.filter(isReady).length,
      numberAvailable: current.filter(isReady).length,
    },
  };
}

const daemonPod = (set: WorkloadObject, nodeName: string, hash: string) => ({
  name: `${set.metadata.name}-${randomSuffix()}`,
  labels: { [REVISION_LABEL]: hash },
  spec: { nodeName },
});

/** Pods until enough have succeeded, or too many have failed. */
export function planJob(job: WorkloadObject, owned: readonly Pod[]): Plan {
  const { completions = 1, parallelism = 1, backoffLimit = 6 } = job.spec;
  const count = (phase: string) => owned.filter(({ status }) => status?.phase === phase).length;
  const [succeeded, failed] = [count('Succeeded'), count('Failed')];
  const active = owned.filter((pod) => !isFinished(pod)).length;
  const over = succeeded >= completions ? 'Complete' : failed > backoffLimit ? 'Failed' : undefined;
  const starting = over === undefined ? Math.min(parallelism, completions - succeeded) - active : 0;
  const labels = { 'job-name': job.metadata.name, 'batch.kubernetes.io/job-name': job.metadata.name };
  return {
    create: times(starting, () => podOf(job, { name: `${job.metadata.name}-${randomSuffix()}`, labels })),
    remove: [],
    status: {
      active: active + Math.max(0, starting),
      succeeded,
      failed,
      ...(over === undefined ? {} : { conditions: [{ type: over, status: 'True' }] }),
    },
  };
}

function counts(pods: readonly Pod[], replicas: number): Readonly<Record<string, unknown>> {
  const ready = pods.filter(isReady).length;
  return { replicas, readyReplicas: ready, availableReplicas: ready, currentReplicas: pods.length };
}

/** The ReplicaSet that stands for a Deployment's present template. */
export function replicaSetOf(deployment: WorkloadObject): {
  readonly name: string;
  readonly object: ObjectInput;
} {
  const { template, replicas = 1, selector } = deployment.spec;
  const hash = templateHash(template);
  const name = `${deployment.metadata.name}-${hash}`;
  const labels = { ...template.metadata?.labels, [HASH_LABEL]: hash };
  return {
    name,
    object: {
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      metadata: { name, namespace: deployment.metadata.namespace ?? '', labels },
      spec: {
        replicas,
        selector: { matchLabels: { ...selector?.matchLabels, [HASH_LABEL]: hash } },
        template: { ...template, metadata: { ...template.metadata, labels } },
      },
    },
  };
}
