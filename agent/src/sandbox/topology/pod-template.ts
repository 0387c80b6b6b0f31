import type { Container, EnvVar, PodTemplate, Probe } from '../cluster/objects.ts';
import type { ExternalSpec, PodSpec } from './schema.ts';

/** There are no images in a sandbox, but a container has to name one. */
export const NO_IMAGE = 'sandbox';

export const labelsOf = (pod: PodSpec): Readonly<Record<string, string>> => pod.labels ?? { app: pod.name };

/** The pod as it would stand in a manifest. */
export function podTemplate(pod: PodSpec): PodTemplate {
  const { node, serviceAccount, hostNetwork, graceSeconds } = pod;
  const runsOnce = pod.owner?.kind === 'Job' || pod.owner?.kind === 'CronJob';
  return {
    metadata: { labels: labelsOf(pod), annotations: pod.annotations },
    spec: {
      ...(node === undefined ? {} : { nodeName: node }),
      ...(hostNetwork ? { hostNetwork } : {}),
      serviceAccountName: serviceAccount,
      terminationGracePeriodSeconds: graceSeconds,
      restartPolicy: pod.restart ?? (runsOnce ? 'Never' : 'Always'),
      containers: [container(pod)],
    },
  };
}

export function container(pod: PodSpec | ExternalSpec): Container {
  const readinessProbe = probeOf(pod);
  return {
    name: pod.name,
    image: NO_IMAGE,
    command: pod.command,
    env: Object.entries(pod.env).map(
      ([name, value]): EnvVar =>
        'field' in value ? { name, valueFrom: { fieldRef: { fieldPath: value.field } } } : { name, ...value },
    ),
    ports: pod.ports.map((port) => ({
      containerPort: port.port,
      protocol: port.protocol,
      ...('name' in port && port.name !== undefined ? { name: port.name } : {}),
    })),
    ...(pod.workingDir === undefined ? {} : { workingDir: pod.workingDir }),
    ...(readinessProbe === undefined ? {} : { readinessProbe }),
    ...('privileged' in pod && pod.privileged ? { securityContext: { privileged: true } } : {}),
  };
}

/** `auto`: a pod that names a TCP port is ready when it accepts connections on the first one. */
function probeOf({ ready, ports }: PodSpec | ExternalSpec): Probe | undefined {
  if (ready === 'started') return undefined;
  if (ready === 'auto') {
    const port = ports.find(({ protocol }) => protocol === 'TCP')?.port;
    return port === undefined ? undefined : { tcpSocket: { port } };
  }
  if ('tcp' in ready) return { tcpSocket: { port: ready.tcp } };
  if ('http' in ready) return { httpGet: ready.http };
  return { exec: { command: ready.exec }, timeoutSeconds: 5 };
}
