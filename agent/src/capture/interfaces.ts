import type { NetworkInterfaceInfo } from 'node:os';
import { canonicalIp } from '../identity/ip.ts';

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
}

export const NO_INTERFACES: Interfaces = {
  addresses: [],
  names: [],
  loopbackUp: false,
  loopbackHas6: false,
  has6: false,
};

export function readInterfaces(
  interfaces: Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>,
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
  };
}

const isLinkLocal = (address: string): boolean =>
  /^fe[89ab]/i.test(address) || address.startsWith('169.254.');
