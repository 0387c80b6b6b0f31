import { asService, RESOURCES, type Service } from '../cluster/objects.ts';
import { logRefusal } from '../cluster/refusal.ts';
import type { KubeObject } from '../kube-api/object.ts';
import { type Addresses, isV6, serviceSlotAddresses } from '../network/addresses.ts';
import type { ControllerOptions } from './controller.ts';

/** Gives every Service that needs them its cluster IPs, in the families it asks for. Returns what stops it. */
export function startClusterIps({ store, ipv6, log }: ControllerOptions): () => void {
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
    const { resourceVersion: _, ...metadata } = object.metadata;
    const written = store.update(RESOURCES.services, { ...object, metadata, spec });
    logRefusal(`service ${metadata.name}`, written, log);
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
