import { asService, RESOURCES, type Service } from '../cluster/objects.ts';
import type { KubeObject } from '../kube-api/object.ts';
import type { ObjectStore } from '../kube-api/store.ts';
import { type Addresses, isV6, serviceSlotAddresses } from '../network/addresses.ts';

/** Gives every Service that needs them its cluster IPs, in the families it asks for. Returns what stops it. */
export function startClusterIps(store: ObjectStore, ipv6: boolean): () => void {
  let slot = 0;
  const taken = new Set<string>();
  const free = (): Addresses => {
    for (;;) {
      const ips = serviceSlotAddresses(slot, ipv6);
      slot += 1;
      if (!ips.some((ip) => taken.has(ip))) return ips;
    }
  };
  const assign = (object: KubeObject) => {
    const service = asService(object);
    for (const ip of service.spec.clusterIPs ?? []) taken.add(ip);
    if (!needsAddress(service)) return;
    const ips = wantedFamilies(service, free());
    const [clusterIP] = ips;
    const families = {
      ipFamilies: ips.map((ip) => (isV6(ip) ? 'IPv6' : 'IPv4')),
      ipFamilyPolicy: ips.length > 1 ? 'PreferDualStack' : 'SingleStack',
    };
    const spec = { ...service.spec, clusterIP, clusterIPs: ips, ...families };
    store.update(RESOURCES.services, { ...object, spec });
  };
  for (const object of store.list(RESOURCES.services)) assign(object);
  return store.subscribe(RESOURCES.services, ({ type, object }) => {
    if (type !== 'DELETED') assign(object);
  });
}

const needsAddress = ({ spec }: Service): boolean =>
  (spec.clusterIP ?? '') === '' && spec.type !== 'ExternalName';

function wantedFamilies({ spec }: Service, ips: Addresses): Addresses {
  const { ipFamilies } = spec;
  if (ipFamilies === undefined) return ips;
  const wanted = ips.filter((ip) => ipFamilies.includes(isV6(ip) ? 'IPv6' : 'IPv4'));
  return wanted.length > 0 ? wanted : ips;
}
