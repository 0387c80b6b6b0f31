import { join } from 'node:path';
import type { ObjectInput } from '../../agent/src/sandbox/kube-api/object.ts';
import { KUBECONFIG } from '../../agent/src/sandbox/protocol.ts';
import type { TopologyInput } from '../../agent/src/sandbox/topology/schema.ts';

export const NODE = 'node-a';
const AGENTS = 'eastwall-system';
export const AGENT_POD = `${AGENTS}/agent`;

/** One node without an agent of the sandbox's own. */
export const TOPOLOGY: TopologyInput = {
  nodes: [NODE],
  agents: false,
  namespaces: [{ name: 'shop' }, { name: AGENTS }],
  pods: [
    { name: 'client', namespace: 'shop', command: ['sleep', 'infinity'], ready: 'started' },
    {
      name: 'web',
      namespace: 'shop',
      command: ['nginx', '-c', join(import.meta.dirname, '../sandbox/servers/nginx.conf')],
      ports: [8080],
    },
  ],
  services: [{ name: 'web', namespace: 'shop', ports: [{ port: 80, targetPort: 8080 }] }],
};

/** Volumes and environment as in the chart; the kubeconfig stands for the service account. */
export function agentSurroundings(stateDir: string): string[] {
  const node = join(stateDir, 'nodes', NODE);
  const environment = {
    EASTWALL_NODE: NODE,
    EASTWALL_NETNS_DIR: '/run/netns',
    EASTWALL_RUN_DIR: '/run/eastwall',
    EASTWALL_KUBECONFIG: '/etc/eastwall/kubeconfig',
    EASTWALL_EXCLUDED_NAMESPACES: `kube-system,${AGENTS}`,
  };
  return [
    `--volume=${join(node, 'netns')}:/run/netns:ro,rslave`,
    `--volume=${join(node, 'run')}:/run/eastwall`,
    `--volume=${join(stateDir, KUBECONFIG)}:/etc/eastwall/kubeconfig:ro`,
    ...Object.entries(environment).map(([name, value]) => `--env=${name}=${value}`),
  ];
}

/** crun takes no tree with cgroups of both versions, which is what a pod without a cgroup of its own may see. */
const ONE_CGROUP_TREE = '[ -e /sys/fs/cgroup/cgroup.controllers ] || mount -t cgroup2 none /sys/fs/cgroup';

/** A pod whose process is podman, with the rights of a container runtime. */
export function engineHost(stateDir: string, command: readonly string[]): ObjectInput {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'agent', namespace: AGENTS },
    spec: {
      nodeName: NODE,
      terminationGracePeriodSeconds: 10,
      containers: [
        {
          name: 'podman',
          image: 'none',
          command: ['sh', '-c', `${ONE_CGROUP_TREE}; exec "$@"`, 'sh', ...command],
          securityContext: { privileged: true },
        },
      ],
      volumes: [{ name: 'nodes', hostPath: { path: join(stateDir, 'nodes') } }],
    },
  };
}
