import type { TopologyInput } from '../../agent/src/sandbox/topology/schema.ts';
import { prepareBackend } from '../cluster/backend.ts';
import { BACKEND, BACKEND_PORTS, CAPTURED_POD, NAMESPACE, NODE } from '../cluster/names.ts';
import { policies } from '../cluster/policies.ts';
import { AGENT } from '../cluster/topology.ts';

/** What a node of a large cluster has to know, and how much of it is its own. */
export const SIZE = { pods: 110, services: 5_000, endpoints: 100_000, policies: 1_000 } as const;

export const CALLERS: readonly string[] = Array.from({ length: SIZE.pods - 1 }, (_, n) => `caller-${n}`);

const TEAMS = 100;
const PER_SERVICE = SIZE.endpoints / SIZE.services;

/** One node with as many pods as it may have by default, in a cluster of which it only knows. */
export function bigCluster(directory: string): TopologyInput {
  return {
    nodes: [NODE],
    agents: { program: AGENT },
    ipFamilies: 'ipv4',
    namespaces: [{ name: NAMESPACE }, ...Array.from({ length: TEAMS }, (_, n) => ({ name: `team-${n}` }))],
    pods: [
      {
        name: BACKEND,
        namespace: NAMESPACE,
        command: prepareBackend(directory),
        ports: [BACKEND_PORTS.http1, BACKEND_PORTS.h2c],
      },
      ...CALLERS.map(caller),
    ],
    services: [{ name: BACKEND, namespace: NAMESPACE, ports: [BACKEND_PORTS.http1] }],
    objects: [
      ...policies(SIZE.policies),
      ...Array.from({ length: SIZE.services }, (_, n) => others(n)).flat(),
    ],
  };
}

/** Every pod a workload of its own, which is the most there can be to remember about them. */
const caller = (name: string) => ({
  name,
  namespace: NAMESPACE,
  serviceAccount: CAPTURED_POD,
  command: ['sleep', 'infinity'],
  ready: 'started' as const,
});

/**
 * A Service of somebody else with its endpoints, as a real kube API shows them. Its own address is IPv6, for which the
 * sandbox's proxy, IPv4 here, writes no rules: half a million of them would say nothing about the agent.
 */
function others(n: number) {
  const name = `service-${n}`;
  const namespace = `team-${n % TEAMS}`;
  const ports = [{ name: 'http', port: 80, targetPort: 8080, protocol: 'TCP' }];
  const clusterIP = `fd00:10:97::${n.toString(16)}`;
  return [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name, namespace, labels: { app: name, team: namespace } },
      spec: { type: 'ClusterIP', clusterIP, clusterIPs: [clusterIP], ipFamilies: ['IPv6'], ports },
    },
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: {
        name: `${name}-${suffix(n)}`,
        namespace,
        labels: { app: name, 'kubernetes.io/service-name': name },
      },
      addressType: 'IPv4',
      endpoints: Array.from({ length: PER_SERVICE }, (_, i) =>
        endpoint(namespace, name, n * PER_SERVICE + i),
      ),
      ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
    },
  ];
}

function endpoint(namespace: string, service: string, n: number) {
  return {
    addresses: [`10.${128 + (n >> 16)}.${(n >> 8) & 255}.${n & 255}`],
    conditions: { ready: true, serving: true, terminating: false },
    nodeName: `node-${n % 1000}`,
    targetRef: {
      kind: 'Pod',
      namespace,
      name: `${service}-${suffix(n)}`,
      uid: `00000000-0000-4000-8000-${n.toString(16).padStart(12, '0')}`,
    },
    zone: `zone-${n % 3}`,
  };
}

const suffix = (n: number): string => ((n * 2_654_435_761) % 60_466_176).toString(36).padStart(5, '0');
