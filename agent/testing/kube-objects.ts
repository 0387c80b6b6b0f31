import { apiPolicyCrd, egressPolicyCrd, guardProfileCrd } from '@eastwall/policy';
import type { ObjectInput } from '../src/sandbox/kube-api/object.ts';
import type { ObjectStore } from '../src/sandbox/kube-api/store.ts';

// Objects for tests of how the agent follows a kube API.

export const POLICIES = 'apipolicies.eastwall.dev';
export const EGRESS = 'egresspolicies.eastwall.dev';
export const CRD = apiPolicyCrd() as ObjectInput;
export const EGRESS_CRD = egressPolicyCrd() as ObjectInput;
export const PROFILES = 'guardprofiles.eastwall.dev';
export const PROFILE_CRD = guardProfileCrd() as ObjectInput;
export const installPolicies = (store: ObjectStore) =>
  [CRD, EGRESS_CRD, PROFILE_CRD].map((crd) => store.apply(crd));

/** As loose as the definition of another release may be, so that bad policies get past it. */
export const LOOSE_CRD = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: POLICIES },
  spec: {
    group: 'eastwall.dev',
    scope: 'Namespaced',
    names: { kind: 'ApiPolicy', plural: 'apipolicies', singular: 'apipolicy' },
    versions: [
      {
        name: 'v1alpha1',
        served: true,
        storage: true,
        subresources: { status: {} },
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      },
    ],
  },
};

export const guardProfile = (name: string) => ({
  apiVersion: 'eastwall.dev/v1alpha1',
  kind: 'GuardProfile',
  metadata: { name },
  spec: { detections: [{ id: 'object-enumeration', action: 'Block' }] },
});

export const service = (name: string, clusterIP: string) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: 'default' },
  spec: { clusterIP, clusterIPs: [clusterIP], ports: [{ port: 80 }] },
});

export const slice = (name: string, of: string, addresses: string[]) => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { name, namespace: 'default', labels: { 'kubernetes.io/service-name': of } },
  addressType: 'IPv4',
  endpoints: [{ addresses }],
  ports: [{ name: '', port: 8080 }],
});

export const pod = (name: string, nodeName: string) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'default' },
  spec: { nodeName, containers: [{ name: 'main', image: 'app' }] },
});

export const policy = (name: string, mode = 'Enforce') => ({
  apiVersion: 'eastwall.dev/v1alpha1',
  kind: 'ApiPolicy',
  metadata: { name, namespace: 'default' },
  spec: { mode, target: {}, rules: [] },
});

/** A folder with a kubeconfig that names its CA by file, so that a restarted server may bring a new one. */
