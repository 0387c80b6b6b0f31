import type { TopologyInput } from '../../agent/src/sandbox/topology/schema.ts';
import type { Subject } from '../subjects/subject.ts';
import { prepareBackend } from './backend.ts';
import { BACKEND, BACKEND_PORTS, CAPTURED_POD, NAMESPACE, NODE } from './names.ts';
import { policies } from './policies.ts';

export const POLICIES = 1000;

export const podOf = (subject: Subject): string =>
  subject.runs.as === 'agent' ? CAPTURED_POD : `calls-${subject.name}`;

/** One node: the agent, a backend, and for each subject a pod that calls it. */
export function topology(subjects: readonly Subject[], directory: string): TopologyInput {
  return {
    nodes: [NODE],
    ipFamilies: 'ipv4',
    namespaces: [{ name: NAMESPACE }],
    pods: [backend(directory), ...subjects.map(caller)],
    services: [{ name: BACKEND, namespace: NAMESPACE, ports: Object.values(BACKEND_PORTS) }],
    objects: policies(POLICIES),
  };
}

const backend = (directory: string) => ({
  name: BACKEND,
  namespace: NAMESPACE,
  command: prepareBackend(directory),
  ports: Object.values(BACKEND_PORTS),
});

/** All callers are alike, but only one is intercepted: the others' proxies must reach the backend on their own. */
const caller = (subject: Subject) => ({
  name: podOf(subject),
  namespace: NAMESPACE,
  serviceAccount: podOf(subject),
  command: ['sleep', 'infinity'],
  ready: 'started' as const,
  annotations: subject.runs.as === 'agent' ? {} : { 'eastwall.dev/capture': 'disabled' },
});
