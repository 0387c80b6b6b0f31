/**
 * The address plan of a sandbox. Nothing of it leaves the sandbox's network namespaces, so it can be fixed; the
 * ranges are those that kubeadm clusters commonly use.
 */

/** One address per family, IPv4 first; without IPv6 only that one. */
export type Addresses = readonly string[];

export interface NodeAddresses {
  readonly node: Addresses;
  /** The node's address on every pod's link, the default gateway of its pods. */
  readonly gateway: Addresses;
  /** In the form that `Node.spec.podCIDRs` has. */
  readonly podCidrs: readonly string[];
}

export const MAX_NODES = 64;
/** Addresses .2 to .250 of a node's /24. */
export const MAX_PODS_PER_NODE = 249;
const MAX_SERVICES = 60_000;

const families = (ipv6: boolean, v4: string, v6: string): Addresses => (ipv6 ? [v4, v6] : [v4]);

/** The supervisor's own address: the kube API and the cluster DNS listen here. */
export const fabricAddresses = (ipv6: boolean): Addresses => families(ipv6, '172.20.0.1', 'fd00:172:20::1');

/** `index` counts nodes from 1. */
export function nodeAddresses(index: number, ipv6: boolean): NodeAddresses {
  const hex = index.toString(16);
  return {
    node: families(ipv6, `172.20.1.${index}`, `fd00:172:20::1:${hex}`),
    gateway: families(ipv6, `10.244.${index}.1`, `fd00:10:244:${hex}::1`),
    podCidrs: families(ipv6, `10.244.${index}.0/24`, `fd00:10:244:${hex}::/64`),
  };
}

/** `slot` from 0 to MAX_PODS_PER_NODE - 1 on the node with `index`. */
export const podAddresses = (index: number, slot: number, ipv6: boolean): Addresses =>
  families(
    ipv6,
    `10.244.${index}.${slot + 2}`,
    `fd00:10:244:${index.toString(16)}::${(slot + 2).toString(16)}`,
  );

export const MAX_EXTERNAL = 250;

/** Hosts outside of the cluster, from 0, in the ranges that RFC 5737 and RFC 3849 set apart for examples. */
export const externalAddresses = (slot: number, ipv6: boolean): Addresses =>
  families(ipv6, `203.0.113.${slot + 1}`, `2001:db8::${(slot + 1).toString(16)}`);

export const API_CLUSTER_IPS = (ipv6: boolean): Addresses => serviceAddresses(1, ipv6);
export const DNS_CLUSTER_IPS = (ipv6: boolean): Addresses => serviceAddresses(10, ipv6);

/** Below this are the fixed ones. */
const FIRST_SERVICE = 256;

/** Cluster IPs by number; those of ordinary Services start at 0. */
export function serviceSlotAddresses(slot: number, ipv6: boolean): Addresses {
  if (slot >= MAX_SERVICES) throw new Error(`more than ${MAX_SERVICES} Services`);
  return serviceAddresses(FIRST_SERVICE + slot, ipv6);
}

const serviceAddresses = (offset: number, ipv6: boolean): Addresses =>
  families(ipv6, `10.96.${offset >> 8}.${offset & 255}`, `fd00:10:96::${offset.toString(16)}`);

export const isV6 = (address: string): boolean => address.includes(':');

export const hostPrefix = (address: string): string => `${address}/${isV6(address) ? 128 : 32}`;
