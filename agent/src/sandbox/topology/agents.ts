import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ObjectInput } from '../kube-api/object.ts';
import { KUBECONFIG } from '../protocol.ts';
import { NO_IMAGE } from './pod-template.ts';

const AGENT_NAMESPACE = 'eastwall-system';
const MAIN = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));
const NAME = 'eastwall';
/** As the chart labels them, by which `eastwall` finds them. */
const LABELS = { 'app.kubernetes.io/name': NAME, 'app.kubernetes.io/component': 'agent' };
/** A sandbox is in more of a hurry than a cluster. */
const DRAIN_SECONDS = 10;

export interface AgentSettings {
  /** Path of the agent's entry; empty means these sources. */
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** One agent per node: an ordinary DaemonSet with the two capabilities it needs. */
export function agentObjects(
  { program, args, env }: AgentSettings,
  { stateDir }: { readonly stateDir: string },
): ObjectInput[] {
  const metadata = { name: NAME, namespace: AGENT_NAMESPACE, labels: LABELS };
  const node = join(stateDir, 'nodes', '$(NODE_NAME)');
  const settings = {
    EASTWALL_NODE: '$(NODE_NAME)',
    EASTWALL_NETNS_DIR: join(node, 'netns'),
    EASTWALL_RUN_DIR: join(node, 'run'),
    EASTWALL_KUBECONFIG: join(stateDir, KUBECONFIG),
    EASTWALL_DRAIN: `${DRAIN_SECONDS}s`,
    XTABLES_LOCKFILE: join(node, 'run', 'xtables.lock'),
    // As in the image.
    MALLOC_ARENA_MAX: '1',
    ...env,
  };
  const container = {
    name: NAME,
    image: NO_IMAGE,
    command: [process.execPath, program || MAIN, 'agent', ...args],
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
        // The new agent takes over from the old one while that still serves.
        updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
        template: {
          metadata: { labels: LABELS },
          spec: {
            serviceAccountName: NAME,
            terminationGracePeriodSeconds: DRAIN_SECONDS + 5,
            containers: [container],
            volumes: [{ name: 'nodes', hostPath: { path: join(stateDir, 'nodes') } }],
          },
        },
      },
    },
  ];
}

/**
 * Asked inside the pod, since the agent listens on loopback only. Its socket would not do: while one agent takes over
 * from another, it is the other one that answers there.
 */
const ASK_READY = `
  require('node:http')
    .get('http://127.0.0.1:9464/readyz', ({ statusCode }) => process.exit(statusCode === 200 ? 0 : 1))
    .on('error', () => process.exit(1));
`;
