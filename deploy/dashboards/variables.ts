import { choice } from './dashboard.ts';

export const NODE = 'node=~"$node"';
/** Of metrics that say who calls. */
export const CALLER = `caller_namespace=~"$namespace",${NODE}`;
export const CALLED = `destination=~"$destination",${NODE}`;

export const nodes = choice('node', 'Node', 'eastwall_agent_info, node');
export const namespaces = choice(
  'namespace',
  'Namespace of the caller',
  'eastwall_exchanges_total, caller_namespace',
);
export const destinations = choice('destination', 'Destination', 'eastwall_exchanges_total, destination');
