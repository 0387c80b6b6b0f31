import { type Addresses, hostPrefix, isV6 } from './addresses.ts';

/** Lines for `ip -batch -`. Every link is a routed veth pair, so there is no bridge and no broadcast domain. */
export type IpBatch = readonly string[];

export interface Link {
  /** Device name on this side. */
  readonly device: string;
  /** The router's side of the link, or the side of what is behind it. */
  readonly side: 'upper' | 'lower';
  readonly here: Addresses;
  /** Addresses on the far side. */
  readonly there: Addresses;
}

/** Creates the pair: `device` here, `peer` in the namespace mounted on `netns`. */
export const createPair = (device: string, peer: string, netns: string): IpBatch => [
  `link add ${device} type veth peer name ${peer} netns ${netns}`,
];

/**
 * Brings this side up, with host routes to what is on the far side. A generated link-local address would spend a
 * second in duplicate address detection, and without any the kernel can't ask for a neighbour, so it gets one that
 * is as good on a link of two: `side` keeps theirs apart.
 */
export const configureLink = (link: Link): IpBatch => [
  `link set ${link.device} addrgenmode none up`,
  ...(link.here.some(isV6)
    ? [`addr add fe80::${link.side === 'upper' ? 1 : 2}/64 dev ${link.device} nodad`]
    : []),
  ...link.here.map((ip) => `addr add ${hostPrefix(ip)} dev ${link.device}${isV6(ip) ? ' nodad' : ''}`),
  ...link.there.map((ip) => `route add ${hostPrefix(ip)} dev ${link.device}`),
];

export const defaultRoutes = (gateways: Addresses, device: string): IpBatch =>
  gateways.map((ip) => `route add default via ${ip} dev ${device}`);

export const routesVia = (cidrs: readonly string[], gateways: Addresses, device: string): IpBatch =>
  cidrs.map(
    (cidr) => `route add ${cidr} via ${gateways.find((ip) => isV6(ip) === isV6(cidr))} dev ${device}`,
  );

export const loopback: IpBatch = ['link set lo up'];

export const batchText = (...parts: readonly IpBatch[]): string => `${parts.flat().join('\n')}\n`;
