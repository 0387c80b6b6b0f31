import type { ObjectInput } from '../kube-api/object.ts';
import type { ExternalHost, PlacedObject } from '../protocol.ts';
import { agentObjects } from './agents.ts';
import type { Topology } from './load.ts';
import { container, labelsOf, podTemplate } from './pod-template.ts';
import type { PodSpec, ServiceSpec } from './schema.ts';

export interface Compiled {
  readonly nodes: readonly string[];
  readonly ipFamilies: 'dual' | 'ipv4';
  /** The agents; ready before anything of `objects`, so that every pod is captured from its first connection. */
  readonly system: readonly PlacedObject[];
  readonly objects: readonly PlacedObject[];
  readonly external: readonly ExternalHost[];
}

/** The kube objects that a topology stands for, in an order in which they can be applied. */
export function compileTopology(topology: Topology, paths: { readonly stateDir: string }): Compiled {
  const { nodes, ipFamilies, agents, namespaces, pods, services, objects, external } = topology;
  const made = [
    ...namespaces.map((one) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: one })),
    ...serviceAccounts(pods),
  ];
  return {
    nodes,
    ipFamilies,
    external: external.map((host) => ({ name: host.name, container: container(host) })),
    system: agents.enabled ? unplaced(agentObjects(agents, paths)) : [],
    objects: [...unplaced(made), ...objects, ...unplaced([...services.map(service), ...pods.map(workload)])],
  };
}

const unplaced = (objects: readonly ObjectInput[]): PlacedObject[] =>
  objects.map((object) => ({ object, where: 'topology' }));

function serviceAccounts(pods: readonly PodSpec[]): ObjectInput[] {
  const accounts = new Map(
    pods.map(({ namespace, serviceAccount: name }) => [`${namespace}/${name}`, { namespace, name }]),
  );
  return [...accounts.values()].map((metadata) => ({ apiVersion: 'v1', kind: 'ServiceAccount', metadata }));
}

const service = ({
  name,
  namespace,
  labels,
  annotations,
  selector,
  ports,
  headless,
}: ServiceSpec): ObjectInput => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace, labels, annotations },
  spec: {
    selector: selector ?? { app: name },
    ...(headless ? { clusterIP: 'None' } : {}),
    // The API wants a name for each of several ports.
    ports: ports.map((port) => (ports.length === 1 ? port : { name: `port-${port.port}`, ...port })),
  },
});

function workload(pod: PodSpec): ObjectInput {
  const { namespace, replicas } = pod;
  const template = podTemplate(pod);
  const labels = labelsOf(pod);
  const metadata = { name: pod.owner?.name ?? pod.name, namespace, labels };
  const selector = { matchLabels: labels };
  switch (pod.owner?.kind) {
    case undefined:
      return {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { ...metadata, annotations: pod.annotations },
        spec: template.spec,
      };
    case 'Deployment':
      return { apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec: { replicas, selector, template } };
    case 'StatefulSet':
      return {
        apiVersion: 'apps/v1',
        kind: 'StatefulSet',
        metadata,
        spec: { replicas, selector, template, serviceName: metadata.name },
      };
    case 'DaemonSet':
      return { apiVersion: 'apps/v1', kind: 'DaemonSet', metadata, spec: { selector, template } };
    case 'Job':
      return {
        apiVersion: 'batch/v1',
        kind: 'Job',
        metadata,
        spec: { completions: replicas, parallelism: replicas, template },
      };
    case 'CronJob':
      return {
        apiVersion: 'batch/v1',
        kind: 'CronJob',
        metadata,
        spec: { schedule: '0 0 1 1 *', jobTemplate: { spec: { template } } },
      };
  }
}
