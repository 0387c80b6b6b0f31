import type { KubeObject } from '../object.ts';
import { age } from './age.ts';
import { AGE, type Column, column, field, NAME, wide } from './column.ts';
import { at, listAt, numberAt, pairsAt, sizeAt, textAt } from './read.ts';

/** `kubectl get` for nodes, networking, configuration and the API's own kinds, by resource name. */
export const CLUSTER_COLUMNS: ReadonlyMap<string, readonly Column[]> = new Map([
  ['namespaces', [NAME, field('Status', 'status.phase'), AGE]],
  [
    'nodes',
    [
      NAME,
      column('Status', nodeStatus),
      column('Roles', nodeRoles),
      AGE,
      column('Version', (object) => textAt(object, 'status.nodeInfo.kubeletVersion')),
      wide('Internal-IP', (object) => nodeAddress(object, 'InternalIP')),
      wide('External-IP', (object) => nodeAddress(object, 'ExternalIP')),
      wide('OS-Image', (object) => textAt(object, 'status.nodeInfo.osImage', '<unknown>')),
      wide('Kernel-Version', (object) => textAt(object, 'status.nodeInfo.kernelVersion', '<unknown>')),
      wide('Container-Runtime', (object) =>
        textAt(object, 'status.nodeInfo.containerRuntimeVersion', '<unknown>'),
      ),
    ],
  ],
  [
    'services',
    [
      NAME,
      field('Type', 'spec.type'),
      field('Cluster-IP', 'spec.clusterIP'),
      column('External-IP', externalIps),
      column('Port(s)', servicePorts),
      AGE,
      wide('Selector', (object) => pairsAt(object, 'spec.selector')),
    ],
  ],
  ['endpoints', [NAME, column('Endpoints', endpointsList), AGE]],
  [
    'endpointslices.discovery.k8s.io',
    [
      NAME,
      column('AddressType', (object) => textAt(object, 'addressType')),
      column('Ports', (object) =>
        shortList(
          listAt(object, 'ports').map((port) => textAt(port, 'port')),
          '<unset>',
        ),
      ),
      column('Endpoints', (object) => shortList(sliceAddresses(object), '<unset>')),
      AGE,
    ],
  ],
  ['serviceaccounts', [NAME, column('Secrets', (object) => listAt(object, 'secrets').length), AGE]],
  [
    'configmaps',
    [NAME, column('Data', (object) => sizeAt(object, 'data') + sizeAt(object, 'binaryData')), AGE],
  ],
  ['secrets', [NAME, field('Type', 'type'), column('Data', (object) => sizeAt(object, 'data')), AGE]],
  [
    'events',
    [
      column('Last Seen', lastSeen),
      field('Type', 'type'),
      field('Reason', 'reason'),
      column(
        'Object',
        (object) =>
          `${textAt(object, 'involvedObject.kind').toLowerCase()}/${textAt(object, 'involvedObject.name')}`,
      ),
      wide('Source', (object) => textAt(object, 'source.component', textAt(object, 'reportingComponent'))),
      column('Message', (object) => textAt(object, 'message').trim()),
      wide('Count', (object) => numberAt(object, 'count')),
      { ...NAME, priority: 1 },
    ],
  ],
  ['leases.coordination.k8s.io', [NAME, field('Holder', 'spec.holderIdentity'), AGE]],
  [
    'customresourcedefinitions.apiextensions.k8s.io',
    [NAME, column('Created At', (object) => object.metadata.creationTimestamp)],
  ],
]);

function nodeStatus(object: KubeObject): string {
  const ready = listAt(object, 'status.conditions').find((condition) => at(condition, 'type') === 'Ready');
  const status = ready === undefined ? 'Unknown' : at(ready, 'status') === 'True' ? 'Ready' : 'NotReady';
  return at(object, 'spec.unschedulable') === true ? `${status},SchedulingDisabled` : status;
}

const ROLE_LABEL = 'node-role.kubernetes.io/';

function nodeRoles(object: KubeObject): string {
  const roles = Object.keys(object.metadata.labels ?? {})
    .filter((label) => label.startsWith(ROLE_LABEL))
    .map((label) => label.slice(ROLE_LABEL.length));
  return roles.length === 0 ? '<none>' : roles.join(',');
}

function nodeAddress(object: KubeObject, type: string): string {
  const address = listAt(object, 'status.addresses').find((candidate) => at(candidate, 'type') === type);
  return textAt(address, 'address', '<none>');
}

function externalIps(object: KubeObject): string {
  if (textAt(object, 'spec.type') === 'ExternalName') return textAt(object, 'spec.externalName', '<none>');
  const assigned = listAt(object, 'status.loadBalancer.ingress').map((ingress) =>
    textAt(ingress, 'ip', textAt(ingress, 'hostname')),
  );
  const ips = [...listAt(object, 'spec.externalIPs').map(String), ...assigned];
  return ips.length === 0 ? '<none>' : ips.join(',');
}

function servicePorts(object: KubeObject): string {
  const ports = listAt(object, 'spec.ports').map((port) => {
    const node = numberAt(port, 'nodePort');
    return `${textAt(port, 'port')}${node === 0 ? '' : `:${node}`}/${textAt(port, 'protocol', 'TCP')}`;
  });
  return ports.length === 0 ? '<none>' : ports.join(',');
}

const sliceAddresses = (object: KubeObject): string[] =>
  listAt(object, 'endpoints').flatMap((endpoint) => listAt(endpoint, 'addresses').map(String));

function endpointsList(object: KubeObject): string {
  const pairs = listAt(object, 'subsets').flatMap((subset) =>
    listAt(subset, 'addresses').flatMap((address) =>
      listAt(subset, 'ports').map((port) => `${textAt(address, 'ip')}:${textAt(port, 'port')}`),
    ),
  );
  return shortList(pairs, '<none>');
}

const SHOWN = 3;

/** The first few, and how many more there are. */
function shortList(items: readonly string[], otherwise: string): string {
  if (items.length === 0) return otherwise;
  const more = items.length - SHOWN;
  return `${items.slice(0, SHOWN).join(',')}${more > 0 ? ` + ${more} more...` : ''}`;
}

function lastSeen(object: KubeObject, now: number): string {
  return age(
    at(object, 'series.lastObservedTime') ??
      at(object, 'lastTimestamp') ??
      at(object, 'eventTime') ??
      at(object, 'metadata.creationTimestamp'),
    now,
  );
}
