import type { LocalPods } from '../../../agent/src/capture/protocol.ts';
import type { PodInfo } from '../../../agent/src/identity/cluster-objects.ts';
import type { Pod } from './pod.ts';

/** What the kube API says of a pod. */
export const listed = (pod: Pod, more: Partial<PodInfo> = {}): PodInfo => ({
  uid: `uid-${pod.name}`,
  namespace: 'shop',
  name: pod.name,
  node: 'node',
  serviceAccount: 'default',
  hostIPs: [],
  podIPs: [pod.ip4, pod.ip6],
  labels: {},
  annotations: {},
  hostNetwork: false,
  privileged: false,
  phase: 'Running',
  deletionTimestamp: null,
  runtimeClass: null,
  owner: null,
  ...more,
});

export const local = (...pods: PodInfo[]): LocalPods => ({ pods, namespaces: [] });
export const DISABLED = { annotations: { 'eastwall.dev/capture': 'disabled' } };
