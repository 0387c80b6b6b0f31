import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ObjectInput } from '../kube-api/object.ts';
import { KUBECONFIG } from '../protocol.ts';
import { NO_IMAGE } from './pod-template.ts';

const AGENT_NAMESPACE = 'eastwall-system';
const MAIN = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));
const NAME = 'eastwall';
const LABELS = { 'app.kubernetes.io/name': NAME };

export interface AgentSettings {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** One agent per node, run from these sources: an ordinary DaemonSet with the two capabilities it needs. */
export function agentObjects(
  { args, env }: AgentSettings,
  { stateDir }: { readonly stateDir: string },
): ObjectInput[] {
  const metadata = { name: NAME, namespace: AGENT_NAMESPACE, labels: LABELS };
  const node = join(stateDir, 'nodes', '$(NODE_NAME)');
  const settings = {
    EASTWALL_NODE: '$(NODE_NAME)',
    EASTWALL_NETNS_DIR: join(node, 'netns'),
    EASTWALL_RUN_DIR: join(node, 'run'),
    EASTWALL_KUBECONFIG: join(stateDir, KUBECONFIG),
    XTABLES_LOCKFILE: join(node, 'run', 'xtables.lock'),
    ...env,
  };
  const container = {
    name: NAME,
    image: NO_IMAGE,
    command: [process.execPath, MAIN, 'agent', ...args],
    env: [
      { name: 'NODE_NAME', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
      ...Object.entries(settings).map(([name, value]) => ({ name, value })),
    ],
    readinessProbe: {
      exec: { command: [process.execPath, '-e', ASK_READY] },
      timeoutSeconds: 5,
      periodSeconds: 5,
    },
    securityContext: { capabilities: { add: ['SYS_ADMIN', 'NET_ADMIN'] } },
  };
  return [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: AGENT_NAMESPACE, labels: LABELS } },
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: NAME, namespace: AGENT_NAMESPACE } },
    {
      apiVersion: 'apps/v1',
      kind: 'DaemonSet',
      metadata,
      spec: {
        selector: { matchLabels: LABELS },
        template: {
          metadata: { labels: LABELS },
          spec: {
            serviceAccountName: NAME,
            terminationGracePeriodSeconds: 15,
            containers: [container],
            volumes: [{ name: 'nodes', hostPath: { path: join(stateDir, 'nodes') } }],
          },
        },
      },
    },
  ];
}

/** The agent's readiness is asked over its admin socket: it listens on no address that a probe could reach. */
const ASK_READY = `
  const socketPath = process.env.EASTWALL_RUN_DIR + '/admin.sock';
  require('node:http')
    .get({ socketPath, path: '/readyz' }, ({ statusCode }) => process.exit(statusCode === 200 ? 0 : 1))
    .on('error', () => process.exit(1));
`;
