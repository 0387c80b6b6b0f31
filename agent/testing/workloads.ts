import type { Workload } from '@eastwall/policy';

/** A caller with sane defaults. */
export const aWorkload = (changes: Partial<Workload> = {}): Workload => ({
  uid: 'uid-frontend-1',
  namespace: 'shop',
  pod: 'frontend-1',
  node: 'node-1',
  serviceAccount: 'frontend',
  kind: 'Deployment',
  name: 'frontend',
  labels: {},
  ...changes,
});
