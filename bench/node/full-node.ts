import { join } from 'node:path';
import type { TopologyInput } from '../../agent/src/sandbox/topology/schema.ts';
import { prepareBackend } from '../cluster/backend.ts';
import { BACKEND_PORTS, NAMESPACE, NODE } from '../cluster/names.ts';
import { policies } from '../cluster/policies.ts';
import { AGENT } from '../cluster/topology.ts';

/** As many as a node has by default; all but two only sleep. */
export const PODS = 110;
export const POLICIES = 1_000;
export const CALLER = 'caller-0';
export const WEB = 'web';
/** Speaks first, and nobody reads what follows. */
export const GREETER = 'greeter';
export const LIVE_CLIENT = join(import.meta.dirname, 'live-client.ts');

export function topology(directory: string): TopologyInput {
  return {
    nodes: [NODE],
    agents: { program: AGENT },
    ipFamilies: 'ipv4',
    namespaces: [{ name: NAMESPACE }],
    pods: [
      { name: WEB, namespace: NAMESPACE, command: prepareBackend(directory), ports: [BACKEND_PORTS.http1] },
      {
        name: GREETER,
        namespace: NAMESPACE,
        command: [process.execPath, join(import.meta.dirname, 'greeter.ts'), '25'],
        ports: [25],
      },
      ...Array.from({ length: PODS - 2 }, (_, n) => ({
        name: `caller-${n}`,
        namespace: NAMESPACE,
        command: ['sleep', 'infinity'],
        ready: 'started' as const,
      })),
    ],
    services: [
      { name: WEB, namespace: NAMESPACE, ports: [{ port: 80, targetPort: BACKEND_PORTS.http1 }] },
      { name: GREETER, namespace: NAMESPACE, ports: [25] },
    ],
    objects: [...policies(POLICIES - 2), governing(WEB, 'Audit'), governing(GREETER, 'Audit')],
  };
}

/** Allows nothing that anybody does here: what is not enforced passes, the rest is refused. */
export const governing = (service: string, mode: string) => ({
  apiVersion: 'eastwall.dev/v1alpha1',
  kind: 'ApiPolicy',
  metadata: { name: service, namespace: NAMESPACE },
  spec: {
    target: { services: [service] },
    mode,
    rules: [{ name: 'items', action: 'Allow', to: [{ methods: ['GET'], path: '/v1/items/{id:int}' }] }],
  },
});
