import { join } from 'node:path';
import type { TopologyInput } from '../../agent/src/sandbox/topology/schema.ts';

export { ALLOWED, CALLER, DENIED, NODE, POLICY, STREAMS } from '../upgrade/topology.ts';

import { TOPOLOGY as UPGRADES } from '../upgrade/topology.ts';

const ANNOTATIONS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  frontend: { 'eastwall.dev/fail-mode': 'closed' },
  web: { 'eastwall.dev/inbound': 'on' },
};

const FILES = join(import.meta.dirname, 'servers', 'files.mjs');

/**
 * The same pods, without agents, and with all that an agent may leave behind: one that is refused while nobody judges
 * it, and one whose inbound leg is on.
 */
export const TOPOLOGY: TopologyInput = {
  ...UPGRADES,
  agents: false,
  pods: [
    ...(UPGRADES.pods ?? []).map((pod) => ({ ...pod, annotations: ANNOTATIONS[pod.name] ?? {} })),
    {
      name: 'files',
      namespace: 'shop',
      node: 'node-b',
      labels: { app: 'files' },
      command: ['node', FILES],
      ports: [8080],
    },
  ],
  services: [
    ...(UPGRADES.services ?? []),
    { name: 'files', namespace: 'shop', selector: { app: 'files' }, ports: [8080] },
  ],
};
