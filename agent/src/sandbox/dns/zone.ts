import ipaddr from 'ipaddr.js';
import { asService, asSlice, RESOURCES, SERVICE_NAME_LABEL, type Service } from '../cluster/objects.ts';
import { readyEndpoints } from '../controllers/endpoint-slices.ts';
import type { ObjectStore } from '../kube-api/store.ts';
import { CLUSTER_DOMAIN } from '../kubelet/etc-files.ts';
import { isV6 } from '../network/addresses.ts';
import { type Answer, CODE, nameBytes, type Query, type Reply, TYPE } from './message.ts';

const NO_SUCH_NAME: Reply = { code: CODE.noSuchName, answers: [] };

export interface Zone {
  readonly store: ObjectStore;
  /** Addresses of the hosts outside of the cluster, by full name. */
  readonly outside: ReadonlyMap<string, readonly string[]>;
}

/**
 * Answers by the rules of Kubernetes' DNS specification: a Service's cluster IPs, the ready pods of a headless
 * one, single pods of it by hostname, and the alias of an ExternalName. Beyond the cluster there is what the
 * topology names.
 */
export function answer({ store, outside }: Zone, query: Query): Reply {
  const host = outside.get(query.name);
  if (host !== undefined) return addresses(host, query.type);
  const suffix = `.svc.${CLUSTER_DOMAIN}`;
  if (!query.name.endsWith(suffix)) return NO_SUCH_NAME;
  const labels = query.name.slice(0, -suffix.length).split('.');
  const [namespace, name, hostname, ...more] = labels.reverse();
  if (namespace === undefined || name === undefined || more.length > 0) return NO_SUCH_NAME;
  const service = store.get(RESOURCES.services, namespace, name);
  if (service === undefined) return NO_SUCH_NAME;
  return hostname === undefined
    ? ofService(store, asService(service), query.type)
    : ofHostname(store, asService(service), { hostname, type: query.type });
}

function ofService(store: ObjectStore, service: Service, type: number): Reply {
  const { externalName, clusterIPs = [] } = service.spec;
  if (service.spec.type === 'ExternalName' && externalName !== undefined) {
    return { code: CODE.ok, answers: [{ type: TYPE.CNAME, data: nameBytes(externalName) }] };
  }
  const headless = clusterIPs.includes('None') || service.spec.clusterIP === 'None';
  return addresses(headless ? endpointsOf(store, service).map(({ ip }) => ip) : clusterIPs, type);
}

function ofHostname(
  store: ObjectStore,
  service: Service,
  wanted: { readonly hostname: string; readonly type: number },
): Reply {
  const ips = endpointsOf(store, service)
    .filter(({ endpoint }) => endpoint.hostname === wanted.hostname)
    .map(({ ip }) => ip);
  return ips.length === 0 ? NO_SUCH_NAME : addresses(ips, wanted.type);
}

const endpointsOf = (store: ObjectStore, { metadata }: Service) =>
  readyEndpoints(
    store
      .list(RESOURCES.slices, metadata.namespace)
      .map(asSlice)
      .filter((slice) => slice.metadata.labels?.[SERVICE_NAME_LABEL] === metadata.name),
  );

/** The name exists, so a family it has no address in is an empty answer, not an unknown name. */
function addresses(ips: readonly string[], type: number): Reply {
  const answers = ips
    .filter((ip) => type === TYPE.ANY || type === (isV6(ip) ? TYPE.AAAA : TYPE.A))
    .map(
      (ip): Answer => ({
        type: isV6(ip) ? TYPE.AAAA : TYPE.A,
        data: Buffer.from(ipaddr.parse(ip).toByteArray()),
      }),
    );
  return { code: CODE.ok, answers };
}
