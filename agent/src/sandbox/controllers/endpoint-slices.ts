import {
  asPod,
  asService,
  asSlice,
  type Endpoint,
  type EndpointSlice,
  isFinished,
  isReady,
  isTerminating,
  type Pod,
  RESOURCES,
  SERVICE_NAME_LABEL,
  type Service,
  type ServicePort,
  selects,
} from '../cluster/objects.ts';
import { logRefusal } from '../cluster/refusal.ts';
import type { ObjectInput } from '../kube-api/object.ts';
import type { ObjectStore } from '../kube-api/store.ts';
import { isV6 } from '../network/addresses.ts';
import { Coalesced } from './coalesced.ts';
import type { ControllerOptions } from './controller.ts';

const MANAGED_BY = 'endpointslice.kubernetes.io/managed-by';
const CONTROLLER = 'endpointslice-controller.k8s.io';

/** Keeps the EndpointSlices of every Service that has a selector. Returns what stops it. */
export function startEndpointSlices({ store, log }: ControllerOptions): () => void {
  const dirty = new Coalesced<string>((namespaces) => {
    for (const namespace of namespaces) reconcile(store, namespace, log);
  });
  const stops = [RESOURCES.pods, RESOURCES.services].map((resource) =>
    store.subscribe(resource, ({ object }) => dirty.add(object.metadata.namespace ?? '')),
  );
  for (const { metadata } of store.list(RESOURCES.services)) dirty.add(metadata.namespace ?? '');
  return () => {
    for (const stop of stops) stop();
    dirty.stop();
  };
}

function reconcile(store: ObjectStore, namespace: string, log: (line: string) => void): void {
  const pods = store.list(RESOURCES.pods, namespace).map(asPod);
  const services = store.list(RESOURCES.services, namespace).map(asService);
  const wanted = services.flatMap((service) => slicesOf(service, pods));
  const names = new Set(wanted.map(({ metadata }) => metadata.name));
  for (const slice of store.list(RESOURCES.slices, namespace)) {
    const ours = slice.metadata.labels?.[MANAGED_BY] === CONTROLLER;
    if (ours && !names.has(slice.metadata.name))
      store.remove(RESOURCES.slices, namespace, slice.metadata.name);
  }
  for (const slice of wanted) logRefusal(`endpoint slice ${slice.metadata.name}`, store.apply(slice), log);
}

/** Per family, and per set of port numbers where a named port differs from pod to pod. */
export function slicesOf(service: Service, pods: readonly Pod[]): ObjectInput[] {
  if (service.spec.selector === undefined || service.spec.type === 'ExternalName') return [];
  const behind = pods.filter(
    (pod) => selects(service.spec.selector, pod.metadata.labels) && !isFinished(pod),
  );
  return (['IPv4', 'IPv6'] as const)
    .filter((family) => service.spec.ipFamilies?.includes(family) ?? true)
    .flatMap((family) => slicesOfFamily(service, behind, family));
}

function slicesOfFamily(
  service: Service,
  pods: readonly Pod[],
  addressType: EndpointSlice['addressType'],
): ObjectInput[] {
  const groups = new Map<string, { ports: object[]; endpoints: Endpoint[] }>();
  for (const pod of pods) {
    const ip = pod.status?.podIPs?.map((one) => one.ip).find((one) => isV6(one) === (addressType === 'IPv6'));
    if (ip === undefined) continue;
    const ports = (service.spec.ports ?? []).flatMap((port) => endpointPort(port, pod));
    const key = JSON.stringify(ports);
    const group = groups.get(key) ?? { ports, endpoints: [] };
    group.endpoints.push(endpoint(service, pod, ip));
    groups.set(key, group);
  }
  return [...groups.values()].map((group, index) => {
    const { name, namespace = '', uid } = service.metadata;
    const suffix = `${addressType.toLowerCase()}${index === 0 ? '' : `-${index}`}`;
    return {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: {
        name: `${name}-${suffix}`,
        namespace,
        labels: { [SERVICE_NAME_LABEL]: name, [MANAGED_BY]: CONTROLLER },
        ownerReferences: [{ apiVersion: 'v1', kind: 'Service', name, uid, controller: true }],
      },
      addressType,
      ...group,
    };
  });
}

/** Nothing when the Service asks for a port by a name that the pod doesn't have. */
function endpointPort({ name, port, targetPort, protocol = 'TCP' }: ServicePort, pod: Pod): object[] {
  const target = targetPort ?? port;
  const number =
    typeof target === 'number'
      ? target
      : pod.spec.containers.flatMap(({ ports }) => ports ?? []).find((one) => one.name === target)
          ?.containerPort;
  return number === undefined ? [] : [{ name: name ?? '', port: number, protocol }];
}

function endpoint(service: Service, pod: Pod, ip: string): Endpoint & Record<string, unknown> {
  const terminating = isTerminating(pod);
  const serving = isReady(pod);
  const ready = (serving && !terminating) || service.spec.publishNotReadyAddresses === true;
  const { name, namespace = '', uid } = pod.metadata;
  const { hostname, subdomain, nodeName } = pod.spec;
  return {
    addresses: [ip],
    conditions: { ready, serving, terminating },
    targetRef: { kind: 'Pod', namespace, name, uid },
    ...(nodeName === undefined ? {} : { nodeName }),
    ...(hostname !== undefined && subdomain === service.metadata.name ? { hostname } : {}),
  };
}

/** The ready addresses behind a Service, from any slices it has, with the target port of the named port. */
export function readyEndpoints(
  slices: readonly EndpointSlice[],
): readonly { readonly ip: string; readonly endpoint: Endpoint; readonly slice: EndpointSlice }[] {
  return slices.flatMap((slice) =>
    (slice.endpoints ?? [])
      .filter((one) => one.conditions?.ready !== false)
      .flatMap((one) => one.addresses.map((ip) => ({ ip, endpoint: one, slice }))),
  );
}

export const slicesByService = (store: ObjectStore): ReadonlyMap<string, readonly EndpointSlice[]> =>
  Map.groupBy(
    store.list(RESOURCES.slices).map(asSlice),
    ({ metadata }) => `${metadata.namespace}/${metadata.labels?.[SERVICE_NAME_LABEL] ?? ''}`,
  );
