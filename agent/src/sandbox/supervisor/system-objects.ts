import type { ObjectInput } from '../kube-api/object.ts';
import {
  type Addresses,
  API_CLUSTER_IPS,
  DNS_CLUSTER_IPS,
  isV6,
  type NodeAddresses,
} from '../network/addresses.ts';

export const API_PORT = 6443;
export const DNS_PORT = 53;

export function nodeObject(name: string, addresses: NodeAddresses, now: string): ObjectInput {
  const [podCIDR] = addresses.podCidrs;
  const conditions = [{ type: 'Ready', status: 'True', reason: 'KubeletReady', lastTransitionTime: now }];
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: { 'kubernetes.io/hostname': name, 'kubernetes.io/os': 'linux' } },
    spec: { podCIDR, podCIDRs: addresses.podCidrs },
    status: {
      conditions,
      addresses: [
        ...addresses.node.map((address) => ({ type: 'InternalIP', address })),
        { type: 'Hostname', address: name },
      ],
    },
  };
}

interface Fixed {
  readonly namespace: string;
  readonly name: string;
  readonly clusterIps: Addresses;
  readonly behind: Addresses;
  readonly ports: readonly {
    readonly name: string;
    readonly protocol: string;
    readonly port: number;
    readonly target: number;
  }[];
}

/** The Services of what the supervisor itself serves: no pods are behind them, so their slices are written here. */
export const systemServices = (own: Addresses): ObjectInput[] =>
  [
    {
      namespace: 'default',
      name: 'kubernetes',
      clusterIps: API_CLUSTER_IPS(own.length > 1),
      behind: own,
      ports: [{ name: 'https', protocol: 'TCP', port: 443, target: API_PORT }],
    },
    {
      namespace: 'kube-system',
      name: 'kube-dns',
      clusterIps: DNS_CLUSTER_IPS(own.length > 1),
      behind: own,
      ports: [
        { name: 'dns', protocol: 'UDP', port: 53, target: DNS_PORT },
        { name: 'dns-tcp', protocol: 'TCP', port: 53, target: DNS_PORT },
      ],
    },
  ].flatMap((fixed) => [service(fixed), ...fixed.behind.map((ip) => slice(fixed, ip))]);

const service = ({ namespace, name, clusterIps, ports }: Fixed): ObjectInput => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { namespace, name },
  spec: {
    clusterIP: clusterIps[0],
    clusterIPs: clusterIps,
    ipFamilies: clusterIps.map(family),
    ports: ports.map(({ target, ...port }) => ({ ...port, targetPort: target })),
  },
});

const slice = ({ namespace, name, ports }: Fixed, ip: string): ObjectInput => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: {
    namespace,
    name: `${name}-${family(ip).toLowerCase()}`,
    labels: { 'kubernetes.io/service-name': name },
  },
  addressType: family(ip),
  endpoints: [{ addresses: [ip], conditions: { ready: true } }],
  ports: ports.map(({ target, ...port }) => ({ ...port, port: target })),
});

const family = (ip: string): string => (isV6(ip) ? 'IPv6' : 'IPv4');
