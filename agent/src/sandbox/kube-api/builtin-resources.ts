import type { Resource } from './resource.ts';

interface Shape {
  readonly kind: string;
  readonly plural: string;
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  readonly clusterScoped?: true;
  readonly status?: true;
}

const CORE: readonly Shape[] = [
  { kind: 'Namespace', plural: 'namespaces', shortNames: ['ns'], clusterScoped: true, status: true },
  { kind: 'Node', plural: 'nodes', shortNames: ['no'], clusterScoped: true, status: true },
  { kind: 'Pod', plural: 'pods', shortNames: ['po'], categories: ['all'], status: true },
  { kind: 'Service', plural: 'services', shortNames: ['svc'], categories: ['all'], status: true },
  { kind: 'Endpoints', plural: 'endpoints', shortNames: ['ep'] },
  { kind: 'ServiceAccount', plural: 'serviceaccounts', shortNames: ['sa'] },
  { kind: 'ConfigMap', plural: 'configmaps', shortNames: ['cm'] },
  { kind: 'Secret', plural: 'secrets' },
  { kind: 'Event', plural: 'events', shortNames: ['ev'] },
  { kind: 'ResourceQuota', plural: 'resourcequotas', shortNames: ['quota'], status: true },
];

const APPS: readonly Shape[] = [
  { kind: 'Deployment', plural: 'deployments', shortNames: ['deploy'], categories: ['all'], status: true },
  { kind: 'ReplicaSet', plural: 'replicasets', shortNames: ['rs'], categories: ['all'], status: true },
  { kind: 'StatefulSet', plural: 'statefulsets', shortNames: ['sts'], categories: ['all'], status: true },
  { kind: 'DaemonSet', plural: 'daemonsets', shortNames: ['ds'], categories: ['all'], status: true },
];

const BATCH: readonly Shape[] = [
  { kind: 'Job', plural: 'jobs', categories: ['all'], status: true },
  { kind: 'CronJob', plural: 'cronjobs', shortNames: ['cj'], categories: ['all'], status: true },
];

/** Kept and shown, and acted on by nobody: a chart that brings them can be installed. */
const RBAC: readonly Shape[] = [
  { kind: 'Role', plural: 'roles' },
  { kind: 'RoleBinding', plural: 'rolebindings' },
  { kind: 'ClusterRole', plural: 'clusterroles', clusterScoped: true },
  { kind: 'ClusterRoleBinding', plural: 'clusterrolebindings', clusterScoped: true },
];

const ADMISSION: readonly Shape[] = [
  { kind: 'ValidatingAdmissionPolicy', plural: 'validatingadmissionpolicies', clusterScoped: true },
  {
    kind: 'ValidatingAdmissionPolicyBinding',
    plural: 'validatingadmissionpolicybindings',
    clusterScoped: true,
  },
];

const CRD: Shape = {
  kind: 'CustomResourceDefinition',
  plural: 'customresourcedefinitions',
  shortNames: ['crd', 'crds'],
  categories: ['api-extensions'],
  clusterScoped: true,
  status: true,
};

export const CRD_RESOURCE = 'customresourcedefinitions.apiextensions.k8s.io';

/** Every kind the API serves before any CRD: what a node agent, its sandbox and `kubectl` need. */
export const BUILTIN_RESOURCES: readonly Resource[] = [
  ...CORE.map((shape) => define('', shape)),
  ...APPS.map((shape) => define('apps', shape)),
  ...BATCH.map((shape) => define('batch', shape)),
  ...RBAC.map((shape) => define('rbac.authorization.k8s.io', shape)),
  ...ADMISSION.map((shape) => define('admissionregistration.k8s.io', shape)),
  define('networking.k8s.io', { kind: 'NetworkPolicy', plural: 'networkpolicies', shortNames: ['netpol'] }),
  define('discovery.k8s.io', { kind: 'EndpointSlice', plural: 'endpointslices' }),
  define('coordination.k8s.io', { kind: 'Lease', plural: 'leases' }),
  define('apiextensions.k8s.io', CRD),
];

function define(group: string, shape: Shape): Resource {
  return {
    group,
    plural: shape.plural,
    singular: shape.kind.toLowerCase(),
    kind: shape.kind,
    listKind: `${shape.kind}List`,
    shortNames: shape.shortNames ?? [],
    categories: shape.categories ?? [],
    namespaced: shape.clusterScoped !== true,
    custom: false,
    versions: [{ name: 'v1', status: shape.status === true }],
    storageVersion: 'v1',
  };
}
