/** The API group of all our kinds. */
export const API_GROUP = 'eastwall.dev';
export const API_VERSION = 'v1alpha1';

/** The names of one kind of policy in the kube API. */
export interface KindNames {
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly short: string;
}

export const API_POLICY: KindNames = {
  kind: 'ApiPolicy',
  plural: 'apipolicies',
  singular: 'apipolicy',
  short: 'apipol',
};

export const EGRESS_POLICY: KindNames = {
  kind: 'EgressPolicy',
  plural: 'egresspolicies',
  singular: 'egresspolicy',
  short: 'egresspol',
};
