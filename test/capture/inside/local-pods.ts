import type { LocalPods } from '../../../agent/src/capture/protocol.ts';
import type { PodInfo } from '../../../agent/src/identity/cluster-objects.ts';
import { podInfo } from '../../../agent/testing/pod-info.ts';
import type { Pod } from './pod.ts';

/** What the kube API says of a pod. */
export const listed = (pod: Pod, more: Partial<PodInfo> = {}): PodInfo =>
  podInfo({ uid: `uid-${pod.name}`, name: pod.name, podIPs: [pod.ip4, pod.ip6], ...more });

export const local = (...pods: PodInfo[]): LocalPods => ({ pods, namespaces: [] });
export const DISABLED = { annotations: { 'eastwall.dev/capture': 'disabled' } };
