import { type Destination, EgressSet, PolicySet, type Scope, scopeOf, type Workload } from '@eastwall/policy';
import { Directory } from '../identity/directory.ts';
import { listMeans } from '../identity/opaque-ports.ts';
import type { PortRanges } from '../kernel/port-ranges.ts';

/** What decisions are made from: the policies in force and the directory of destinations. One per process. */
export class World {
  readonly directory = new Directory();
  /** Ports that are opaque where neither a Service nor the calling pod says which are. */
  opaquePorts: PortRanges = [];
  /** Everything listed so far has arrived: from here on an unknown destination really is unknown. */
  synced = false;
  #policies = PolicySet.empty();
  #egress = EgressSet.empty();
  #version = 0;

  /** Grows whenever a decision made before might be different now. */
  get version(): number {
    return this.#version;
  }

  get policies(): PolicySet {
    return this.#policies;
  }

  get egress(): EgressSet {
    return this.#egress;
  }

  /** What the policies in force say about this caller at this destination. */
  scope(caller: Workload, destination: Destination): Scope {
    return scopeOf({ api: this.#policies, egress: this.#egress }, caller, destination);
  }

  /** Whether nobody is to read what goes there: as its Services say, else the calling pod, else the agent's setting. */
  isDeclaredOpaque(destination: Destination, byCaller: PortRanges | null): boolean {
    return this.directory.declaredOpaque(destination) ?? listMeans(byCaller ?? this.opaquePorts, destination);
  }

  replacePolicies(policies: PolicySet): void {
    this.#policies = policies;
    this.#version++;
  }

  replaceEgress(egress: EgressSet): void {
    this.#egress = egress;
    this.#version++;
  }

  /** To be called after the directory or a caller's identity has changed. */
  touch(): void {
    this.#version++;
  }
}
