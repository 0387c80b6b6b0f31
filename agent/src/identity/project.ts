import { err, ok, type Result } from '../kernel/result.ts';
import type {
  NamedPort,
  NamespaceEntry,
  NodeEntry,
  ServiceEntry,
  ServicePort,
  SliceEntry,
} from './cluster-objects.ts';
import { canonicalIp, firstAddresses } from './ip.ts';
import {
  isObject,
  type Json,
  objectAt,
  objectsAt,
  type Problem,
  portAt,
  textAt,
  textMapAt,
  textsAt,
} from './json.ts';
import { declaredPorts } from './opaque-ports.ts';

/**
 * What became of an object from the kube API. Null is a sound object that is of no use to us, such as an
 * ExternalName Service; an error is an object that breaks the API's own promises.
 */
export type Projected<T> = Result<T | null, Problem>;

/**
 * The annotations that are kept. Others are never read, and they are where the size is: a pod may carry
 * 256 KiB of them.
 */
export const OWN_ANNOTATIONS = 'eastwall.dev/';

const SERVICE_NAME_LABEL = 'kubernetes.io/service-name';

export interface LabelledService {
  readonly entry: ServiceEntry;
  readonly labels: Readonly<Record<string, string>>;
}

/** A Service with the labels that only who asks for them needs. */
export function projectLabelledService(json: unknown): Projected<LabelledService> {
  const entry = projectService(json);
  if (!entry.ok || entry.value === null) return entry.ok ? ok(null) : entry;
  return ok({ entry: entry.value, labels: textMapAt(objectAt(json, 'metadata'), 'labels') });
}

/** The addresses and TCP ports of a Service; null for ExternalName, which has no address of its own. */
export function projectService(json: unknown): Projected<ServiceEntry> {
  const named = namedObject(json);
  if (!named.ok) return named;
  const { namespace, name, metadata, spec } = named.value;
  if (textAt(spec, 'type') === 'ExternalName') return ok(null);
  const balancer = objectsAt(objectAt(objectAt(json, 'status'), 'loadBalancer'), 'ingress');
  const ips = canonicalIps([
    textAt(spec, 'clusterIP'),
    ...textsAt(spec, 'clusterIPs'),
    ...textsAt(spec, 'externalIPs'),
    ...balancer.map((ingress) => textAt(ingress, 'ip')),
  ]);
  const opaquePorts = declaredPorts(ownAnnotations(metadata));
  return ok({
    namespace,
    name,
    ips,
    ports: servicePorts(spec),
    ...(opaquePorts !== null && { opaquePorts }),
  });
}

/**
 * The addresses behind a Service, ready or not: a caller may dial a pod that is not ready, and its policies
 * hold all the same. Null for a slice that belongs to no Service or holds host names.
 */
export function projectSlice(json: unknown): Projected<SliceEntry> {
  const named = namedObject(json);
  if (!named.ok) return named;
  const { namespace, name, labels } = named.value;
  const service = labels[SERVICE_NAME_LABEL];
  if (!service || !isObject(json) || textAt(json, 'addressType') === 'FQDN') return ok(null);
  const ips = canonicalIps(
    objectsAt(json, 'endpoints').flatMap((endpoint) => textsAt(endpoint, 'addresses')),
  );
  return ok({ namespace, name, service, ips, ports: tcpPorts(json) });
}

/**
 * The addresses of a node: those it reports, and the first two of its pods' networks, where nodes have the bridge or the
 * tunnel that their pods reach them by.
 */
export function projectNode(json: unknown): Projected<NodeEntry> {
  const name = textAt(objectAt(json, 'metadata'), 'name');
  if (name === '') return err({ path: 'metadata.name', message: 'is missing' });
  const spec = objectAt(json, 'spec');
  const reported = objectsAt(objectAt(json, 'status'), 'addresses')
    .filter((address) => NODE_ADDRESSES.has(textAt(address, 'type')))
    .map((address) => textAt(address, 'address'));
  const networks = [textAt(spec, 'podCIDR'), ...textsAt(spec, 'podCIDRs')];
  return ok({ name, ips: canonicalIps([...reported, ...networks.flatMap(firstAddresses)]) });
}

const NODE_ADDRESSES = new Set(['InternalIP', 'ExternalIP']);

export function projectNamespace(json: unknown): Projected<NamespaceEntry> {
  const metadata = objectAt(json, 'metadata');
  const name = textAt(metadata, 'name');
  if (name === '') return err({ path: 'metadata.name', message: 'is missing' });
  return ok({ name, labels: textMapAt(metadata, 'labels'), annotations: ownAnnotations(metadata) });
}

export const ownAnnotations = (metadata: Json): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(textMapAt(metadata, 'annotations')).filter(([key]) => key.startsWith(OWN_ANNOTATIONS)),
  );

/** Each address once, in canonical text; what is no address (`None`, an empty text) is left out. */
export function canonicalIps(texts: readonly string[]): readonly string[] {
  const ips = texts.map(canonicalIp).filter((ip) => ip !== null);
  return [...new Set(ips)];
}

interface NamedObject {
  readonly namespace: string;
  readonly name: string;
  readonly metadata: Json;
  readonly labels: Readonly<Record<string, string>>;
  readonly spec: Json;
}

/** The parts that every namespaced object has. */
export function namedObject(json: unknown): Result<NamedObject, Problem> {
  const named = clusterObject(json);
  if (!named.ok) return named;
  const namespace = textAt(named.value.metadata, 'namespace');
  if (namespace === '') return err({ path: 'metadata.namespace', message: 'is missing' });
  return ok({ ...named.value, namespace });
}

/** The same for an object that is in no namespace: that is empty. */
export function clusterObject(json: unknown): Result<NamedObject, Problem> {
  const metadata = objectAt(json, 'metadata');
  const name = textAt(metadata, 'name');
  if (name === '') return err({ path: 'metadata.name', message: 'is missing' });
  return ok({
    namespace: '',
    name,
    metadata,
    labels: textMapAt(metadata, 'labels'),
    spec: objectAt(json, 'spec'),
  });
}

const tcpPorts = (parent: Json): NamedPort[] => objectsAt(parent, 'ports').flatMap(tcpPort);

function servicePorts(spec: Json): ServicePort[] {
  return objectsAt(spec, 'ports').flatMap((entry) => {
    const nodePort = portAt(entry, 'nodePort');
    return tcpPort(entry).map((port) => (nodePort === null ? port : { ...port, nodePort }));
  });
}

/** None for UDP, and for a slice port without a number: it stands for every port, and can't be mapped to one. */
function tcpPort(entry: Json): NamedPort[] {
  const port = portAt(entry, 'port');
  const tcp = (textAt(entry, 'protocol') || 'TCP') === 'TCP';
  return tcp && port !== null ? [{ name: textAt(entry, 'name'), port }] : [];
}
