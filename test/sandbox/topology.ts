import { join } from 'node:path';
import type { TopologyInput } from '../../agent/src/sandbox/topology/schema.ts';

const server = (name: string): string => join(import.meta.dirname, 'servers', name);
/** A bare TCP client, to be run with `node`. */
export const TALK = join(import.meta.dirname, 'clients', 'talk.mjs');

const sleeper = { command: ['sleep', 'infinity'], ready: 'started' as const };

/** Two nodes, callers of every kind, and servers that speak HTTP, Redis and first. */
export const TOPOLOGY: TopologyInput = {
  nodes: ['node-a', 'node-b'],
  namespaces: [{ name: 'shop' }, { name: 'ci' }, { name: 'kube-system' }],
  pods: [
    {
      name: 'frontend',
      namespace: 'shop',
      node: 'node-a',
      owner: 'Deployment',
      serviceAccount: 'frontend',
      labels: { app: 'frontend', tier: 'web' },
      ...sleeper,
    },
    { name: 'ci-runner', namespace: 'ci', node: 'node-a', serviceAccount: 'ci-runner', ...sleeper },
    { name: 'privileged', namespace: 'ci', node: 'node-a', privileged: true, ...sleeper },
    {
      name: 'opted-out',
      namespace: 'shop',
      node: 'node-a',
      annotations: { 'eastwall.dev/capture': 'disabled' },
      ...sleeper,
    },
    { name: 'system', namespace: 'kube-system', node: 'node-a', ...sleeper },
    { name: 'on-host', namespace: 'shop', node: 'node-a', hostNetwork: true, ...sleeper },
    {
      name: 'web',
      namespace: 'shop',
      node: 'node-b',
      owner: 'Deployment',
      command: ['nginx', '-c', server('nginx.conf')],
      ports: [8080],
    },
    {
      name: 'raw',
      namespace: 'shop',
      node: 'node-b',
      owner: 'StatefulSet',
      command: ['node', server('raw-http.mjs')],
      ports: [8080],
    },
    {
      name: 'cache',
      namespace: 'shop',
      node: 'node-b',
      command: ['redis-server', '--save', '', '--protected-mode', 'no', '--bind', '*'],
      ports: [6379],
    },
    {
      name: 'greeter',
      namespace: 'shop',
      node: 'node-b',
      command: ['node', server('greeter.mjs')],
      ports: [2525],
    },
  ],
  services: [
    { name: 'web', namespace: 'shop', selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080 }] },
    { name: 'raw', namespace: 'shop', selector: { app: 'raw' }, ports: [{ port: 80, targetPort: 8080 }] },
    { name: 'cache', namespace: 'shop', selector: { app: 'cache' }, ports: [6379] },
    {
      name: 'greeter',
      namespace: 'shop',
      selector: { app: 'greeter' },
      ports: [25, 2525].map((port) => ({ name: `p${port}`, port, targetPort: 2525 })),
    },
  ],
};
