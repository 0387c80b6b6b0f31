import type { Destination, ServiceRef } from '@eastwall/policy';
import type { NamedPort, NodeEntry, ServiceEntry, SliceEntry } from './cluster-objects.ts';
import { canonicalIp } from './ip.ts';
import { IpIndex } from './ip-index.ts';
import { serviceDeclares } from './opaque-ports.ts';
import { RecentMap } from './recent-map.ts';

export interface DirectoryOptions {
  /** How many resolved destinations are remembered at most; those not asked for lately go first. */
  readonly maxDestinations?: number;
}

interface Resolved {
  readonly version: number;
  readonly destination: Destination;
}

/**
 * Dialled address → Services. Both ways to a Service are known, its own addresses and its endpoints', because
 * a socket load balancer may have turned one into the other before the connection is seen, and because a
 * caller may dial a pod directly; a policy must not depend on which. The third way is the port that every node listens
 * on for a Service.
 *
 * INVARIANT: what `resolve` answers depends on the set of entries only, never on the order they came in.
 */
export class Directory {
  readonly #services = new Map<string, ServiceEntry>();
  /** Services that say which of their ports are opaque: few or none. */
  readonly #declaring = new Map<string, ServiceEntry>();
  readonly #slices = new Map<string, SliceEntry>();
  readonly #serviceIps = new IpIndex<ServiceEntry>();
  readonly #endpointIps = new IpIndex<SliceEntry>();
  /** Addresses of nodes, and by their number in text the ports that all nodes listen on for a Service. */
  readonly #nodes = new Map<string, NodeEntry>();
  readonly #nodeIps = new IpIndex<NodeEntry>();
  readonly #nodePorts = new IpIndex<ServiceEntry>();
  readonly #resolved: RecentMap<Resolved>;
  #version = 0;

  constructor(options: DirectoryOptions = {}) {
    this.#resolved = new RecentMap(options.maxDestinations ?? 10_000);
  }

  /** Grows with every change. */
  get version(): number {
    return this.#version;
  }

  get size(): { readonly services: number; readonly slices: number; readonly endpoints: number } {
    return {
      services: this.#services.size,
      slices: this.#slices.size,
      endpoints: this.#endpointIps.size,
    };
  }

  upsertService(entry: ServiceEntry): void {
    const key = `${entry.namespace}/${entry.name}`;
    this.#indexNodePorts(this.#services.get(key), entry);
    replace(this.#services, this.#serviceIps, key, entry);
    if (entry.opaquePorts === undefined) this.#declaring.delete(key);
    else this.#declaring.set(key, entry);
    this.#version++;
  }

  /** `key` is `namespace/name`. */
  removeService(key: string): void {
    this.#indexNodePorts(this.#services.get(key), null);
    replace(this.#services, this.#serviceIps, key, null);
    this.#declaring.delete(key);
    this.#version++;
  }

  upsertSlice(entry: SliceEntry): void {
    replace(this.#slices, this.#endpointIps, `${entry.namespace}/${entry.name}`, entry);
    this.#version++;
  }

  /** `key` is `namespace/name`. */
  removeSlice(key: string): void {
    replace(this.#slices, this.#endpointIps, key, null);
    this.#version++;
  }

  upsertNode(entry: NodeEntry): void {
    replace(this.#nodes, this.#nodeIps, entry.name, entry);
    this.#version++;
  }

  removeNode(name: string): void {
    replace(this.#nodes, this.#nodeIps, name, null);
    this.#version++;
  }

  /**
   * The Services behind a dialled address. A port that none of them names gives all of them with port 0;
   * no Service at all means an external or unknown address. The same object is returned while the answer
   * stays the same and is remembered, and equal keys always mean equal answers.
   */
  resolve(ip: string, port: number): Destination {
    // Addresses from the kernel are canonical; others are never found here.
    const asGiven = this.#resolved.get(`${ip}|${port}`);
    if (asGiven?.version === this.#version) return asGiven.destination;
    const dialled = canonicalIp(ip) ?? ip;
    const address = `${dialled}|${port}`;
    const known = this.#resolved.get(address);
    if (known?.version === this.#version) return known.destination;
    const services = sortUnique(this.#servicesAt(dialled, port));
    const key = `${address}|${services.map(refKey).join(',')}`;
    const destination =
      known?.destination.key === key ? known.destination : { key, ip: dialled, port, services };
    this.#resolved.set(address, { version: this.#version, destination });
    return destination;
  }

  /** Whether the Services behind a destination declare their port opaque: one is enough. Null when none says anything. */
  declaredOpaque({ services }: Destination): boolean | null {
    if (this.#declaring.size === 0) return null;
    let answer: boolean | null = null;
    for (const { namespace, service, port } of services) {
      if (port === 0) continue;
      const declares = serviceDeclares(this.#declaring.get(`${namespace}/${service}`), port);
      if (declares === true) return true;
      answer ??= declares;
    }
    return answer;
  }

  #servicesAt(ip: string, port: number): ServiceRef[] {
    const owners = this.#serviceIps.get(ip);
    const slices = this.#endpointIps.get(ip);
    const exact = [
      ...owners
        .filter((owner) => owner.ports.some((at) => at.port === port))
        .map((owner) => ref(owner, port)),
      ...slices.flatMap((slice) => this.#portsBehind(slice, port)),
      ...(this.#nodeIps.get(ip).length > 0 ? this.#atNodePort(port) : []),
    ];
    if (exact.length > 0) return exact;
    return [...owners.map((owner) => ref(owner, 0)), ...slices.map((slice) => sliceRef(slice, 0))];
  }

  #atNodePort(nodePort: number): ServiceRef[] {
    return this.#nodePorts
      .get(`${nodePort}`)
      .flatMap((owner) =>
        owner.ports.filter((at) => at.nodePort === nodePort).map((at) => ref(owner, at.port)),
      );
  }

  #indexNodePorts(old: ServiceEntry | undefined, entry: ServiceEntry | null): void {
    for (const { nodePort } of old?.ports ?? [])
      if (old !== undefined && nodePort !== undefined) this.#nodePorts.delete(`${nodePort}`, old);
    for (const { nodePort } of entry?.ports ?? [])
      if (entry !== null && nodePort !== undefined) this.#nodePorts.add(`${nodePort}`, entry);
  }

  /** Target port → Service ports. The two meet in the port's name; a Service not seen yet gives port 0. */
  #portsBehind(slice: SliceEntry, targetPort: number): ServiceRef[] {
    const ports = this.#services.get(`${slice.namespace}/${slice.service}`)?.ports ?? [];
    return slice.ports
      .filter((target) => target.port === targetPort)
      .map((target) => sliceRef(slice, portNamed(ports, target.name)));
  }
}

function replace<T extends { readonly ips: readonly string[] }>(
  entries: Map<string, T>,
  index: IpIndex<T>,
  key: string,
  entry: T | null,
): void {
  const old = entries.get(key);
  if (old !== undefined) for (const ip of old.ips) index.delete(ip, old);
  if (entry === null) {
    entries.delete(key);
    return;
  }
  entries.set(key, entry);
  for (const ip of entry.ips) index.add(ip, entry);
}

const ref = (service: ServiceEntry, port: number): ServiceRef => ({
  namespace: service.namespace,
  service: service.name,
  port,
});

const sliceRef = (slice: SliceEntry, port: number): ServiceRef => ({
  namespace: slice.namespace,
  service: slice.service,
  port,
});

const portNamed = (ports: readonly NamedPort[], name: string): number =>
  ports.find((candidate) => candidate.name === name)?.port ?? 0;

const refKey = (at: ServiceRef): string => `${at.namespace}/${at.service}:${at.port}`;

function sortUnique(refs: readonly ServiceRef[]): ServiceRef[] {
  const byKey = new Map(refs.map((at) => [refKey(at), at]));
  return [...byKey].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, at]) => at);
}
