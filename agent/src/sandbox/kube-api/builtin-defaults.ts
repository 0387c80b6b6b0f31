import { isRecord, type ObjectInput } from './object.ts';

type Fields = Readonly<Record<string, unknown>>;

/** What the API server fills in for a built-in kind when the writer leaves it out; `name` is `plural.group`. */
export function withBuiltinDefaults(name: string, object: ObjectInput): ObjectInput {
  return DEFAULTS.get(name)?.(object) ?? object;
}

const DEFAULTS: ReadonlyMap<string, (object: ObjectInput) => ObjectInput> = new Map([
  ['pods', podDefaults],
  ['services', serviceDefaults],
  ['namespaces', namespaceDefaults],
  ['secrets', secretDefaults],
  ['deployments.apps', (object: ObjectInput) => withSpec(object, workloadDefaults)],
  ['replicasets.apps', (object: ObjectInput) => withSpec(object, workloadDefaults)],
  ['statefulsets.apps', (object: ObjectInput) => withSpec(object, workloadDefaults)],
  ['daemonsets.apps', (object: ObjectInput) => withSpec(object, templateDefaults)],
  ['jobs.batch', (object: ObjectInput) => withSpec(object, jobDefaults)],
]);

function podDefaults(object: ObjectInput): ObjectInput {
  return { status: { phase: 'Pending', qosClass: 'BestEffort' }, ...withSpec(object, podSpecDefaults) };
}

function podSpecDefaults(spec: Fields): Fields {
  return {
    restartPolicy: 'Always',
    dnsPolicy: 'ClusterFirst',
    serviceAccountName: 'default',
    terminationGracePeriodSeconds: 30,
    enableServiceLinks: true,
    schedulerName: 'default-scheduler',
    ...spec,
    ...mapField(spec, 'containers', containerDefaults),
    ...mapField(spec, 'initContainers', containerDefaults),
  };
}

function containerDefaults(container: Fields): Fields {
  return {
    resources: {},
    imagePullPolicy: 'IfNotPresent',
    ...container,
    ...mapField(container, 'ports', (port) => ({ protocol: 'TCP', ...port })),
  };
}

function serviceDefaults(object: ObjectInput): ObjectInput {
  return { status: { loadBalancer: {} }, ...withSpec(object, serviceSpecDefaults) };
}

function serviceSpecDefaults(spec: Fields): Fields {
  const clusterIp = spec['clusterIP'];
  return {
    type: 'ClusterIP',
    sessionAffinity: 'None',
    internalTrafficPolicy: 'Cluster',
    ...(typeof clusterIp === 'string' && clusterIp !== '' ? { clusterIPs: [clusterIp] } : {}),
    ...spec,
    ...mapField(spec, 'ports', (port) => ({ protocol: 'TCP', targetPort: port['port'], ...port })),
  };
}

function namespaceDefaults(object: ObjectInput): ObjectInput {
  const { metadata } = object;
  const labels = { ...metadata.labels, 'kubernetes.io/metadata.name': metadata.name ?? '' };
  return {
    spec: { finalizers: ['kubernetes'] },
    status: { phase: 'Active' },
    ...object,
    metadata: { ...metadata, labels },
  };
}

/** `stringData` is for writing only: it ends up encoded in `data`. */
function secretDefaults(object: ObjectInput): ObjectInput {
  const { stringData, ...rest } = object;
  if (!isRecord(stringData)) return { type: 'Opaque', ...object };
  const encoded = Object.entries(stringData).map(([key, text]) => [
    key,
    Buffer.from(String(text)).toString('base64'),
  ]);
  const data = isRecord(object['data']) ? object['data'] : {};
  return { type: 'Opaque', ...rest, data: { ...data, ...Object.fromEntries(encoded) } } as ObjectInput;
}

const workloadDefaults = (spec: Fields): Fields => ({ replicas: 1, ...templateDefaults(spec) });

const jobDefaults = (spec: Fields): Fields => ({
  parallelism: 1,
  completions: 1,
  backoffLimit: 6,
  ...templateDefaults(spec),
});

function templateDefaults(spec: Fields): Fields {
  const template = spec['template'];
  if (!isRecord(template) || !isRecord(template['spec'])) return spec;
  return { ...spec, template: { ...template, spec: podSpecDefaults(template['spec']) } };
}

function withSpec(object: ObjectInput, fill: (spec: Fields) => Fields): ObjectInput {
  const spec = object['spec'];
  return isRecord(spec) ? { ...object, spec: fill(spec) } : object;
}

/** The member `field` with every item of it filled, or nothing where it is no list. */
function mapField(parent: Fields, field: string, fill: (item: Fields) => Fields): Fields {
  const list = parent[field];
  return Array.isArray(list)
    ? { [field]: list.map((item: unknown) => (isRecord(item) ? fill(item) : item)) }
    : {};
}
