import { join } from 'node:path';
import type { TopologyInput } from '../../agent/src/sandbox/topology/schema.ts';

export const NODE = 'node-a';
export const CALLER = 'shop/frontend';
export const STRANGER = 'shop/stranger';
/** What the policy allows the caller, and what it does not. */
export const ALLOWED = 'http://web.shop/orders/7';
export const DENIED = 'http://web.shop/admin';

const here = (...path: string[]): string => join(import.meta.dirname, ...path);
export const STREAMS = here('clients', 'streams.mjs');

const sleeper = { command: ['sleep', 'infinity'], ready: 'started' as const };

/** Callers on one node, servers on the other. A gate that stays open for long shows that nobody slips through. */
export const TOPOLOGY: TopologyInput = {
  nodes: [NODE, 'node-b'],
  namespaces: [{ name: 'shop' }],
  agents: { args: ['--gate-timeout', '2m'] },
  pods: [
    { name: 'frontend', namespace: 'shop', node: NODE, serviceAccount: 'frontend', ...sleeper },
    { name: 'stranger', namespace: 'shop', node: NODE, serviceAccount: 'stranger', ...sleeper },
    {
      name: 'web',
      namespace: 'shop',
      node: 'node-b',
      labels: { app: 'web' },
      command: ['nginx', '-c', here('servers', 'nginx.conf')],
      ports: [8080],
    },
    {
      name: 'streams',
      namespace: 'shop',
      node: 'node-b',
      labels: { app: 'streams' },
      command: ['node', here('servers', 'streams.mjs')],
      ports: [8080, 9090, 7070],
    },
  ],
  services: [
    { name: 'web', namespace: 'shop', selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080 }] },
    {
      name: 'streams',
      namespace: 'shop',
      selector: { app: 'streams' },
      ports: [8080, 9090, 7070].map((port) => ({ name: `p${port}`, port })),
    },
  ],
};

/** Spec of the policy that makes `ALLOWED` and `DENIED` so. */
export const POLICY = {
  target: { services: ['web'] },
  mode: 'Enforce',
  rules: [
    {
      name: 'read',
      action: 'Allow',
      from: [{ serviceAccount: 'frontend' }],
      to: [{ methods: ['GET'], path: '/orders/{id:int}' }],
    },
  ],
};
