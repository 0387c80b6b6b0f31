import type { PodInfo } from '../src/identity/cluster-objects.ts';

/** The pod `shop/frontend-1`, running on this node, with whatever a test needs to differ. */
export const podInfo = (differs: Partial<PodInfo> = {}): PodInfo => ({
  uid: 'u-1',
  namespace: 'shop',
  name: 'frontend-1',
  node: 'node-1',
  serviceAccount: 'frontend',
  hostIPs: [],
  podIPs: ['10.0.0.2'],
  labels: { app: 'frontend' },
  annotations: {},
  hostNetwork: false,
  privileged: false,
  phase: 'Running',
  deletionTimestamp: null,
  runtimeClass: null,
  owner: null,
  ...differs,
});
