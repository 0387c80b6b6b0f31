import type { Pod } from '../cluster/objects.ts';
import type { Addresses } from '../network/addresses.ts';
import { hostname } from './environment.ts';

export const CLUSTER_DOMAIN = 'cluster.local';

/** The resolver settings of `dnsPolicy: ClusterFirst`. */
export function resolvConf(namespace: string, servers: Addresses): string {
  const search = [`${namespace}.svc.${CLUSTER_DOMAIN}`, `svc.${CLUSTER_DOMAIN}`, CLUSTER_DOMAIN];
  const lines = [`search ${search.join(' ')}`, ...servers.map((ip) => `nameserver ${ip}`), 'options ndots:5'];
  return `${lines.join('\n')}\n`;
}

export function hosts(pod: Pod, ips: Addresses): string {
  const names = [
    hostname(pod),
    ...(pod.spec.subdomain === undefined
      ? []
      : [`${hostname(pod)}.${pod.spec.subdomain}.${pod.metadata.namespace}.svc.${CLUSTER_DOMAIN}`]),
  ];
  const lines = [
    '127.0.0.1\tlocalhost',
    '::1\tlocalhost ip6-localhost',
    ...ips.map((ip) => `${ip}\t${names.join('\t')}`),
  ];
  return `${lines.join('\n')}\n`;
}
