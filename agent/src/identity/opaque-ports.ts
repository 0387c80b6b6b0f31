import type { Destination } from '@eastwall/policy';
import { includesPort, type PortRanges, parsePortRanges } from '../kernel/port-ranges.ts';
import type { ServiceEntry } from './cluster-objects.ts';

/**
 * On a Service: which of its ports carry what nobody is to read, in place of the agent's own list. On a pod: which
 * ports it calls so. An empty text says none.
 */
export const OPAQUE_PORTS_ANNOTATION = 'eastwall.dev/opaque-ports';

/** Ports said to carry what nobody is to read, so that no connection waits until it is known what it speaks. */
export interface DeclaredPorts {
  readonly ports: PortRanges;
  /** What is wrong with an annotation that was passed over: then no port is declared. */
  readonly problem: string | null;
}

/** Null without the annotation. */
export function declaredPorts(annotations: Readonly<Record<string, string>>): DeclaredPorts | null {
  const text = annotations[OPAQUE_PORTS_ANNOTATION];
  if (text === undefined) return null;
  const parsed = parsePortRanges(text);
  return parsed.ok
    ? { ports: parsed.value, problem: null }
    : { ports: [], problem: `${OPAQUE_PORTS_ANNOTATION}: ${parsed.error}` };
}

/** What a Service itself says of one of its ports; null when it says nothing. */
export const serviceDeclares = (service: ServiceEntry | undefined, port: number): boolean | null =>
  service?.opaquePorts === undefined ? null : includesPort(service.opaquePorts.ports, port);

/** Whether a list of ports means this destination: by the ports of its Services, or by the dialled one without any. */
export function listMeans(ports: PortRanges, { services, port }: Destination): boolean {
  if (services.length === 0) return includesPort(ports, port);
  for (const service of services) if (includesPort(ports, service.port || port)) return true;
  return false;
}
