import { join } from 'node:path';
import type { TopologyInput } from '../../agent/src/sandbox/topology/schema.ts';
import { STREAM_END } from '../load/stream.ts';
import type { Subject } from '../subjects/subject.ts';
import { prepareBackend } from './backend.ts';
import { BACKEND, BACKEND_PORTS, CAPTURED_POD, NAMESPACE, NODE, STREAM } from './names.ts';
import { policies } from './policies.ts';

/** The bundle, as an image has it. */
export const AGENT = join(import.meta.dirname, '../../agent/dist/cli/main.js');
export const POLICIES = 1000;
const HTTP_PORTS = [BACKEND_PORTS.http1, BACKEND_PORTS.h2c];

export const podOf = (subject: Subject): string =>
  subject.runs.as === 'agent' ? CAPTURED_POD : `calls-${subject.name}`;

/** One node: the agent, a backend, and for each subject a pod that calls it. */
export function topology(subjects: readonly Subject[], directory: string): TopologyInput {
  return {
    nodes: [NODE],
    agents: { program: AGENT },
    ipFamilies: 'ipv4',
    namespaces: [{ name: NAMESPACE }],
    pods: [backend(directory), STREAM_POD, ...subjects.map(caller)],
    services: [
      { name: BACKEND, namespace: NAMESPACE, ports: HTTP_PORTS },
      { name: STREAM, namespace: NAMESPACE, ports: [BACKEND_PORTS.tcp] },
    ],
    objects: policies(POLICIES),
  };
}

const backend = (directory: string) => ({
  name: BACKEND,
  namespace: NAMESPACE,
  command: prepareBackend(directory),
  ports: HTTP_PORTS,
});

const STREAM_POD = {
  name: STREAM,
  namespace: NAMESPACE,
  command: [process.execPath, STREAM_END, 'serve', String(BACKEND_PORTS.tcp)],
  ports: [BACKEND_PORTS.tcp],
};

/** All callers are alike, but only one is intercepted: the others' proxies must reach the backend on their own. */
const caller = (subject: Subject) => ({
  name: podOf(subject),
  namespace: NAMESPACE,
  serviceAccount: podOf(subject),
  command: ['sleep', 'infinity'],
  ready: 'started' as const,
  // What it takes to redirect.
  privileged: subject.runs.as === 'interceptor',
  annotations: subject.runs.as === 'agent' ? {} : { 'eastwall.dev/capture': 'disabled' },
});
