/** The API group of all our kinds. */
export const API_GROUP = 'eastwall.dev';
export const API_VERSION = 'v1alpha1';

/** The names of one kind of policy in the kube API. */
export interface KindNames {
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly short: string;
  readonly scope: 'Namespaced' | 'Cluster';
}

export const API_POLICY: KindNames = {
  kind: 'ApiPolicy',
  plural: 'apipolicies',
  singular: 'apipolicy',
  short: 'apipol',
  scope: 'Namespaced',
};

export const EGRESS_POLICY: KindNames = {
  kind: 'EgressPolicy',
  plural: 'egresspolicies',
  singular: 'egresspolicy',
  short: 'egresspol',
  scope: 'Namespaced',
};

export const GUARD_PROFILE: KindNames = {
  kind: 'GuardProfile',
  plural: 'guardprofiles',
  singular: 'guardprofile',
  short: 'guardprof',
  scope: 'Cluster',
};
