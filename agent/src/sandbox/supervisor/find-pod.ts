import { asPod, isFinished, isReady, isTerminating, type Pod, RESOURCES } from '../cluster/objects.ts';
import type { ObjectStore } from '../kube-api/store.ts';

/** The pod `namespace/name`, or else a pod of the workload of that name, a ready one if there is; throws when none. */
export function findPod(store: ObjectStore, reference: string): Pod {
  const slash = reference.indexOf('/');
  if (slash <= 0) throw new Error(`\`${reference}\` is not \`namespace/pod\``);
  const namespace = reference.slice(0, slash);
  const name = reference.slice(slash + 1);
  const exact = store.get(RESOURCES.pods, namespace, name);
  if (exact !== undefined) return asPod(exact);
  const pods = store.list(RESOURCES.pods, namespace).map(asPod);
  const owned = pods.filter((pod) => !isFinished(pod) && ownerNames(store, pod).includes(name));
  const found = owned.find((pod) => isReady(pod) && !isTerminating(pod)) ?? owned[0];
  if (found !== undefined) return found;
  throw new Error(`no pod \`${reference}\` (${known(store, namespace, pods)})`);
}

/** The controller and the controller's controller: a Deployment's pod belongs to its ReplicaSet. */
function ownerNames(store: ObjectStore, pod: Pod): readonly string[] {
  const owners = pod.metadata.ownerReferences ?? [];
  const sets = owners.map(({ name }) => store.get(RESOURCES.replicaSets, pod.metadata.namespace, name));
  const jobs = owners.map(({ name }) => store.get(RESOURCES.jobs, pod.metadata.namespace, name));
  return [...owners, ...[...sets, ...jobs].flatMap((one) => one?.metadata.ownerReferences ?? [])].map(
    ({ name }) => name,
  );
}

function known(store: ObjectStore, namespace: string, pods: readonly Pod[]): string {
  if (store.get('namespaces', undefined, namespace) === undefined) return `no namespace \`${namespace}\``;
  const names = pods.map(({ metadata }) => metadata.name);
  return names.length === 0 ? 'the namespace has no pods' : `there are ${names.join(', ')}`;
}
