import { z } from 'zod';
import { MAX_EXTERNAL, MAX_NODES, MAX_PODS_PER_NODE } from '../network/addresses.ts';

/** Bounds of one topology; beyond them a laptop is the wrong place anyway. */
const TOPOLOGY_LIMITS = {
  nodes: MAX_NODES,
  namespaces: 200,
  pods: 1000,
  replicas: MAX_PODS_PER_NODE,
  services: 2000,
  objects: 20_000,
  external: MAX_EXTERNAL,
  ports: 32,
} as const;

const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const ENV_NAME = /^[A-Za-z_][A-Za-z0-9_.-]*$/;

const name = (max: number) =>
  z
    .string()
    .max(max, `longer than ${max} characters`)
    .regex(
      LABEL,
      'not a name: lower-case letters, digits and `-`, beginning and ending with a letter or digit',
    );

/** Below the longest a label may be, so that a generated suffix has room. */
const workloadName = name(45);
/** Node names become part of the path of a unix socket. */
const nodeName = name(24);
const strings = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]).transform(String));
const portNumber = z.int().min(1, 'not a port').max(65_535, 'not a port');

const containerPort = z.union(
  [
    portNumber.transform((port) => ({ port, protocol: 'TCP' })),
    z.strictObject({
      port: portNumber,
      name: name(15).optional(),
      protocol: z.enum(['TCP', 'UDP']).default('TCP'),
    }),
  ],
  'expected a port number or `{port, name, protocol}`',
);

const servicePort = z.union(
  [
    portNumber.transform((port) => ({ port, targetPort: port, protocol: 'TCP' as const })),
    z
      .strictObject({
        port: portNumber,
        targetPort: z.union([portNumber, name(15)]).optional(),
        name: name(15).optional(),
        protocol: z.enum(['TCP', 'UDP']).default('TCP'),
      })
      .transform((port) => ({ ...port, targetPort: port.targetPort ?? port.port })),
  ],
  'expected a port number or `{port, targetPort, name, protocol}`',
);

const environment = z.record(
  z.string().regex(ENV_NAME, 'not the name of an environment variable'),
  z.union(
    [
      z.union([z.string(), z.number(), z.boolean()]).transform((value) => ({ value: String(value) })),
      z.strictObject({ field: z.string() }),
    ],
    'expected a value or `{field: <path>}`',
  ),
);

const OWNER_KINDS = ['Deployment', 'StatefulSet', 'DaemonSet', 'Job', 'CronJob'] as const;

const owner = z.union(
  [
    z.enum(OWNER_KINDS).transform((kind) => ({ kind, name: undefined })),
    z.strictObject({ kind: z.enum(OWNER_KINDS), name: workloadName.optional() }),
  ],
  `expected one of ${OWNER_KINDS.join(', ')}, or \`{kind, name}\``,
);

const ready = z.union(
  [
    z.enum(['auto', 'started']),
    z.strictObject({ tcp: portNumber }),
    z.strictObject({
      http: z.strictObject({ port: portNumber, path: z.string().startsWith('/').default('/') }),
    }),
    z.strictObject({ exec: z.array(z.string()).min(1) }),
  ],
  'expected `auto`, `started`, `{tcp}`, `{http: {port, path}}` or `{exec}`',
);

/** What a pod has in common with a host outside of the cluster. */
const processFields = {
  command: z.array(z.union([z.string(), z.number()]).transform(String)).min(1, 'a command is needed'),
  env: environment.default({}),
  workingDir: z.string().startsWith('/', 'not an absolute path').optional(),
  ports: z.array(containerPort).max(TOPOLOGY_LIMITS.ports).default([]),
  ready: ready.default('auto'),
};

const pod = z.strictObject({
  name: workloadName,
  namespace: name(63).default('default'),
  node: nodeName.optional(),
  labels: strings.optional(),
  annotations: strings.default({}),
  serviceAccount: name(63).default('default'),
  owner: owner.optional(),
  replicas: z.int().min(0).max(TOPOLOGY_LIMITS.replicas).default(1),
  ...processFields,
  restart: z.enum(['Always', 'OnFailure', 'Never']).optional(),
  hostNetwork: z.boolean().default(false),
  privileged: z.boolean().default(false),
  graceSeconds: z.int().min(0).max(300).default(1),
});

const HOST = /^([a-z0-9]([-a-z0-9]*[a-z0-9])?\.)+[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;

const external = z.strictObject({
  name: z
    .string()
    .max(253)
    .regex(HOST, 'not the full name of a host, such as `api.example.com`')
    .refine((host) => !host.endsWith('.cluster.local'), 'a name of the cluster, not of a host outside'),
  ...processFields,
});

const service = z.strictObject({
  name: name(63),
  namespace: name(63).default('default'),
  labels: strings.default({}),
  annotations: strings.default({}),
  selector: strings.optional(),
  ports: z.array(servicePort).min(1, 'a service needs a port').max(TOPOLOGY_LIMITS.ports),
  headless: z.boolean().default(false),
});

const namespace = z.strictObject({
  name: name(63),
  labels: strings.default({}),
  annotations: strings.default({}),
});

const rawObject = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({ name: z.string() }),
});

const agents = z.union(
  [
    z.boolean().transform((enabled) => ({
      enabled,
      program: '',
      args: [] as string[],
      env: {} as Record<string, string>,
    })),
    z.strictObject({
      enabled: z.boolean().default(true),
      /** Path of the agent's entry; empty means these sources. */
      program: z.string().default(''),
      args: z.array(z.string()).max(100).default([]),
      env: strings.default({}),
    }),
  ],
  'expected `true`, `false` or `{enabled, program, args, env}`',
);

export const topologySchema = z.strictObject({
  nodes: z
    .array(nodeName)
    .min(1, 'a cluster needs a node')
    .max(TOPOLOGY_LIMITS.nodes, `more than ${TOPOLOGY_LIMITS.nodes} nodes`),
  ipFamilies: z.enum(['dual', 'ipv4']).default('dual'),
  agents: agents.default({ enabled: true, program: '', args: [], env: {} }),
  namespaces: z.array(namespace).max(TOPOLOGY_LIMITS.namespaces).default([]),
  pods: z.array(pod).max(TOPOLOGY_LIMITS.pods).default([]),
  services: z.array(service).max(TOPOLOGY_LIMITS.services).default([]),
  external: z.array(external).max(TOPOLOGY_LIMITS.external).default([]),
  objects: z
    .array(
      z.union(
        [z.strictObject({ file: z.string() }), rawObject],
        'expected a kube object or `{file: <path>}`',
      ),
    )
    .max(TOPOLOGY_LIMITS.objects)
    .default([]),
});

export type TopologyInput = z.input<typeof topologySchema>;
export type ParsedTopology = z.output<typeof topologySchema>;
export type PodSpec = ParsedTopology['pods'][number];
export type ExternalSpec = ParsedTopology['external'][number];
export type ServiceSpec = ParsedTopology['services'][number];
