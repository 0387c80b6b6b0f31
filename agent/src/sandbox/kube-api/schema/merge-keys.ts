import type { Schema } from './schema.ts';

/** Lists of built-in kinds whose items merge by a key, as `Model.field`; all other lists are replaced whole. */
const MERGE_KEYS: ReadonlyMap<string, string> = new Map([
  ['V1ObjectMeta.ownerReferences', 'uid'],
  ['V1PodSpec.containers', 'name'],
  ['V1PodSpec.initContainers', 'name'],
  ['V1PodSpec.ephemeralContainers', 'name'],
  ['V1PodSpec.volumes', 'name'],
  ['V1PodSpec.imagePullSecrets', 'name'],
  ['V1PodSpec.hostAliases', 'ip'],
  ['V1PodSpec.schedulingGates', 'name'],
  ['V1PodSpec.topologySpreadConstraints', 'topologyKey'],
  ['V1PodStatus.conditions', 'type'],
  ['V1PodStatus.podIPs', 'ip'],
  ['V1PodStatus.hostIPs', 'ip'],
  ['V1Container.env', 'name'],
  ['V1Container.ports', 'containerPort'],
  ['V1Container.volumeMounts', 'mountPath'],
  ['V1Container.volumeDevices', 'devicePath'],
  ['V1ServiceSpec.ports', 'port'],
  ['V1ServiceStatus.conditions', 'type'],
  ['V1ServiceAccount.secrets', 'name'],
  ['V1ServiceAccount.imagePullSecrets', 'name'],
  ['V1NamespaceStatus.conditions', 'type'],
  ['V1NodeStatus.conditions', 'type'],
  ['V1NodeStatus.addresses', 'type'],
  ['V1DeploymentStatus.conditions', 'type'],
  ['V1ReplicaSetStatus.conditions', 'type'],
  ['V1StatefulSetStatus.conditions', 'type'],
  ['V1DaemonSetStatus.conditions', 'type'],
  ['V1JobStatus.conditions', 'type'],
]);

/** Lists of scalars that merge as sets. */
const MERGED_SETS: ReadonlySet<string> = new Set(['V1ObjectMeta.finalizers', 'V1NodeSpec.podCIDRs']);

/** The merge rule of a model's field, as the extensions that the API server publishes for it. */
export function mergeRule(model: string, field: string): Schema {
  const name = `${model}.${field}`;
  const key = MERGE_KEYS.get(name);
  if (key !== undefined) {
    return { 'x-kubernetes-patch-merge-key': key, 'x-kubernetes-patch-strategy': 'merge' };
  }
  return MERGED_SETS.has(name) ? { 'x-kubernetes-patch-strategy': 'merge' } : {};
}
