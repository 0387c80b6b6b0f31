import type { NetworkInterfaceInfo } from 'node:os';
import { canonicalIp } from '../identity/ip.ts';
import { ipv4Text, ipv6Text } from '../kernel/ip-text.ts';

/** What a namespace's interfaces say, as `os.networkInterfaces()` shows them to a thread inside. */
export interface Interfaces {
  /** Canonical text, loopback and link-local left out: what a pod can be known by. */
  readonly addresses: readonly string[];
  /** Names of those that are up and have an address, loopback left out. */
  readonly names: readonly string[];
  readonly loopbackUp: boolean;
  readonly loopbackHas6: boolean;
  /** An IPv6 address that connections can leave from. */
  readonly has6: boolean;
  /** Where default routes lead, in canonical text: an address of the node. */
  readonly gateways: readonly string[];
}

export const NO_INTERFACES: Interfaces = {
  addresses: [],
  names: [],
  loopbackUp: false,
  loopbackHas6: false,
  has6: false,
  gateways: [],
};

/** `routes` are the kernel's tables `/proc/<thread>/net/route` and `ipv6_route`. */
export function readInterfaces(
  interfaces: Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>,
  routes: { readonly v4: string; readonly v6: string },
): Interfaces {
  const names = Object.entries(interfaces).flatMap(([name, infos]) =>
    // An address with a label of its own is listed apart, as `eth0:label`.
    infos?.some(({ internal }) => !internal) ? [name.split(':', 1)[0] ?? name] : [],
  );
  const all = Object.values(interfaces).flatMap((infos) => infos ?? []);
  const loopback = all.filter(({ internal }) => internal);
  const outside = all.filter(({ internal, address }) => !internal && !isLinkLocal(address));
  return {
    addresses: outside.map(({ address }) => canonicalIp(address)).filter((ip) => ip !== null),
    names: [...new Set(names)].sort(),
    loopbackUp: loopback.length > 0,
    loopbackHas6: loopback.some(({ address }) => address === '::1'),
    has6: outside.some(({ family }) => family === 'IPv6'),
    gateways: [...new Set([...gateways4(routes.v4), ...gateways6(routes.v6)])].sort(),
  };
}

const RTF_GATEWAY = 2;
const isGateway = (flags: string | undefined): boolean =>
  (Number.parseInt(flags ?? '0', 16) & RTF_GATEWAY) !== 0;

/** Interface, destination, gateway, flags, three counts, mask, …; addresses as numbers in host order. */
function gateways4(table: string): string[] {
  return table.split('\n').flatMap((line) => {
    const [, destination, gateway = '', flags, , , , mask] = line.split('\t');
    const isDefault = destination === '00000000' && mask === '00000000';
    return isDefault && isGateway(flags) ? [ipv4Text(Buffer.from(gateway, 'hex').reverse(), 0)] : [];
  });
}

/** Destination, its length, source, its length, next hop, metric, two counts, flags, interface. */
function gateways6(table: string): string[] {
  return table.split('\n').flatMap((line) => {
    const [destination, length, , , gateway = '', , , , flags] = line.split(' ');
    const isDefault = length === '00' && /^0+$/.test(destination ?? '');
    return isDefault && isGateway(flags) ? [ipv6Text(Buffer.from(gateway, 'hex'), 0)] : [];
  });
}

export const isLinkLocal = (address: string): boolean =>
  /^fe[89ab]/i.test(address) || address.startsWith('169.254.');
