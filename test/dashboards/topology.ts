import { join } from 'node:path';
import type { TopologyInput } from '../../agent/src/sandbox/topology/schema.ts';

export const LATE_REDIS = join(import.meta.dirname, '../sandbox/servers/late-redis.mjs');
export const REQUESTS = join(import.meta.dirname, '../sandbox/clients/latency.mjs');
const API = `require('http').createServer((q, s) => {
  s.statusCode = q.url.startsWith('/fail') ? 500 : q.url.startsWith('/missing') ? 404 : 200;
  s.end('{}');
}).listen(8080, '::')`;
const sleeper = { command: ['sleep', 'infinity'], ready: 'started' as const };
const api = { namespace: 'shop', command: ['node', '-e', API], ports: [8080] };
const service = (name: string, annotations: Readonly<Record<string, string>> = {}) => ({
  name,
  namespace: 'shop',
  annotations,
  selector: { app: name },
  ports: [{ port: 80, targetPort: 8080 }],
});

/** One node with callers that may and may not, two services, and a store of limits that can be made late. */
export const TOPOLOGY: TopologyInput = {
  nodes: ['node-a'],
  agents: {
    args: [
      '--dataplanes=1',
      // A sink that works, one whose disk is full, and one whose receiver is not there.
      ...['--kube-events', 'on', '--event-file', '/dev/full', '--webhook-url', 'http://127.0.0.1:9/hook'],
      ...['--export-max-retry-delay', '1s'],
    ],
    env: { EASTWALL_STORE: 'redis://store.data:6379' },
  },
  namespaces: [{ name: 'shop' }, { name: 'ci' }, { name: 'data' }],
  pods: [
    { name: 'frontend', namespace: 'shop', serviceAccount: 'frontend', owner: 'Deployment', ...sleeper },
    { name: 'ci-runner', namespace: 'ci', serviceAccount: 'ci-runner', ...sleeper },
    { name: 'web', owner: 'Deployment', ...api },
    { name: 'raw', owner: 'Deployment', ...api },
    {
      name: 'store',
      namespace: 'data',
      annotations: { 'eastwall.dev/capture': 'disabled' },
      command: ['node', LATE_REDIS],
      ports: [6379, 8099],
    },
  ],
  services: [
    service('web'),
    // Nobody can read this declaration: a problem that the agent reports.
    service('raw', { 'eastwall.dev/opaque-ports': 'all of them' }),
    { name: 'store', namespace: 'data', selector: { app: 'store' }, ports: [{ name: 'redis', port: 6379 }] },
  ],
};
