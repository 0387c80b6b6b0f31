import {
  type ApiPolicy,
  type Destination,
  grpcTemplate,
  hostName,
  type Operation,
  type OperationLimits,
  type OperationSelector,
  parseTemplate,
  type ServiceRef,
  type Workload,
} from '@eastwall/policy';
import type { Exchange } from '../exchange/exchange.ts';
import type { LearnedOperation } from '../record/learned.ts';
import type { CatalogDelta, OperationMove, OperationUsage, Place } from '../record/operation-usage.ts';
import type { OperationPlace } from './operation-place.ts';
import { Places } from './places.ts';

export interface OperationBookOptions {
  /** Wall clock, in ms since the epoch. */
  now(): number;
  /** Operations kept, of all places together. */
  readonly maxOperations: number;
  readonly limits?: Partial<OperationLimits>;
}

/** Hosts outside of the cluster, which callers may make up, must not push out what is inside. */
const HOSTS_PART = 4;

/** The operations of all destinations of one dataplane process, and how they are used. */
export class OperationBook {
  readonly #options: OperationBookOptions;
  readonly #services: Places;
  readonly #hosts: Places;
  /** By namespace, by `namespace/name`. */
  readonly #policies = new Map<string, Map<string, ApiPolicy>>();
  #policyVersion = 0;
  /** So that no key is put together for each request. */
  readonly #known = new WeakMap<Destination, OperationPlace>();

  constructor(options: OperationBookOptions) {
    this.#options = options;
    const forHosts = Math.floor(options.maxOperations / HOSTS_PART);
    const limits = options.limits ?? {};
    this.#hosts = new Places({ maxOperations: forHosts, limits });
    this.#services = new Places({ maxOperations: options.maxOperations - forHosts, limits });
  }

  /** What is known of where a request goes. `host` only matters where no Service is. */
  at(destination: Destination, host: string): OperationPlace {
    const [service] = destination.services;
    if (service === undefined) return this.#hosts.at(hostPlace(destination, host));
    const known = this.#known.get(destination);
    const place =
      known?.forgotten === false ? known : this.#services.at(servicePlace(service, destination.port));
    if (place !== known) this.#known.set(destination, place);
    if (place.pinnedBy !== this.#policyVersion) this.#pin(place, destination);
    return place;
  }

  /** What the path of an exchange is one of, for its record; empty where it has none. */
  templateOf({ protocol, method, path, host, operation }: Exchange, destination: Destination): string {
    if (protocol !== 'http1' && protocol !== 'h2') return '';
    // CONNECT names a host, and no path of this one.
    if (method === '' || method === 'CONNECT') return '';
    return operation === null
      ? this.at(destination, host).templateOf(path)
      : (operation.mergedInto ?? operation).template;
  }

  /** Takes in an exchange that ended. */
  ended(exchange: Exchange, { caller, destination }: { caller: Workload; destination: Destination }): void {
    // Opaque bytes have no operation, and what reached nobody shows none.
    if (exchange.protocol === 'opaque' || exchange.protocol === 'unknown') return;
    this.at(destination, exchange.host).ended(exchange, caller, this.#options.now());
  }

  /** Who writes a policy for a destination knows its paths. */
  changePolicies(upsert: readonly ApiPolicy[], remove: readonly string[]): void {
    for (const policy of upsert)
      this.#policiesOf(policy.namespace).set(`${policy.namespace}/${policy.name}`, policy);
    for (const key of remove) this.#policies.get(key.slice(0, key.indexOf('/')))?.delete(key);
    this.#policyVersion++;
  }

  /** All operations that are worth outliving this process; `keyOf` is what stands for one in other guards. */
  *save(keyOf: (operation: Operation) => number): Generator<LearnedOperation> {
    for (const places of [this.#services, this.#hosts])
      for (const { place, learner } of places)
        for (const { operation, saved } of learner.save())
          yield { kind: 'operation', ...place, key: keyOf(operation), saved };
  }

  /** The operation, where there is room for it. */
  restore({ namespace, service, port, saved }: LearnedOperation): Operation | null {
    const places = namespace === '' ? this.#hosts : this.#services;
    return places.at({ namespace, service, port }).learner.restore(saved);
  }

  /** What has changed since the last call. */
  take(): CatalogDelta {
    const moves: OperationMove[] = [];
    const usages: OperationUsage[] = [];
    const forgotten = this.#services.drain({ moves, usages }) + this.#hosts.drain({ moves, usages });
    return { moves, usages, forgotten };
  }

  #policiesOf(namespace: string): Map<string, ApiPolicy> {
    let policies = this.#policies.get(namespace);
    if (policies === undefined) {
      policies = new Map();
      this.#policies.set(namespace, policies);
    }
    return policies;
  }

  #pin(place: OperationPlace, { services, port: dialled }: Destination): void {
    if (place.pinnedBy >= 0) place.learner.clearPins();
    place.pinnedBy = this.#policyVersion;
    for (const { namespace, service, port } of services)
      for (const policy of this.#policies.get(namespace)?.values() ?? [])
        if (governs(policy, service, port || dialled)) pinPolicy(place, policy);
  }
}

/** A pod's port that no Service names still tells its operations from those of the others. */
function servicePlace({ namespace, service, port }: ServiceRef, dialled: number): Place {
  return { namespace, service, port: port || dialled };
}

function hostPlace({ ip, port }: Destination, host: string): Place {
  return { namespace: '', service: hostName(host) ?? ip, port };
}

function governs({ mode, target }: ApiPolicy, service: string, port: number): boolean {
  return (
    mode !== 'Off' && target.services?.includes(service) !== false && target.ports?.includes(port) !== false
  );
}

function pinPolicy({ learner }: OperationPlace, { rules }: ApiPolicy): void {
  for (const { to } of rules)
    for (const selector of to ?? []) {
      const template = templateOf(selector);
      const parsed = template === null ? null : parseTemplate(template);
      const methods = selector.grpc === undefined ? (selector.methods ?? null) : ['POST'];
      if (parsed?.ok) learner.pin(parsed.value, methods);
    }
}

/** A gRPC service without a method says nothing of its methods, and they are names in any case. */
function templateOf({ path, grpc }: OperationSelector): string | null {
  if (grpc !== undefined) return grpc.method === undefined ? null : grpcTemplate(grpc);
  return path ?? null;
}
