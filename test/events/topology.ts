import { join } from 'node:path';
import type { TopologyInput } from '../../agent/src/sandbox/topology/schema.ts';

export const NODE = 'node-a';
export const CALLER = 'shop/frontend';

const here = (name: string): string => join(import.meta.dirname, 'servers', name);

/**
 * A caller on one node, and what it calls and the collector of events on the other. `directory`: see `collector.mjs`; `disk`
 * is where events are kept, and where they wait, if that is not to be with the node.
 */
export const topology = (directory: string, disk = directory): TopologyInput => ({
  nodes: [NODE, 'node-b'],
  namespaces: [{ name: 'shop' }, { name: 'siem' }],
  agents: {
    args: [
      ...['--event-format', 'ocsf', '--events-per-second', '10000', '--kube-events', 'on'],
      ...['--event-file', join(disk, 'events.jsonl'), '--event-file-bytes', '64KiB', '--event-files', '3'],
      ...[
        '--webhook-url',
        'http://collector.siem:8080/hook',
        '--webhook-token-file',
        join(directory, 'token'),
      ],
      ...['--otlp-url', 'http://collector.siem:8080/otlp', '--otlp-token-file', join(directory, 'token')],
      ...(disk === directory ? [] : ['--spool-dir', join(disk, 'spool')]),
      ...['--export-linger', '50ms', '--export-timeout', '1s', '--export-max-retry-delay', '1s'],
      ...['--export-gzip', 'on', '--export-batch-events', '20', '--gate-timeout', '2m'],
    ],
  },
  pods: [
    {
      name: 'frontend',
      namespace: 'shop',
      node: NODE,
      owner: 'Deployment',
      serviceAccount: 'frontend',
      command: ['sleep', 'infinity'],
      ready: 'started',
    },
    {
      name: 'web',
      namespace: 'shop',
      node: 'node-b',
      labels: { app: 'web' },
      command: ['nginx', '-c', join(import.meta.dirname, '..', 'sandbox', 'servers', 'nginx.conf')],
      ports: [8080],
    },
    {
      name: 'collector',
      namespace: 'siem',
      node: 'node-b',
      labels: { app: 'collector' },
      command: ['node', here('collector.mjs'), directory],
      ports: [8080],
    },
  ],
  services: [
    { name: 'web', namespace: 'shop', selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080 }] },
    { name: 'collector', namespace: 'siem', selector: { app: 'collector' }, ports: [{ port: 8080 }] },
  ],
});
