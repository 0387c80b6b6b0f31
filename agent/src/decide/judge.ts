import type { Destination, Scope, Workload } from '@eastwall/policy';
import type { PortRanges } from '../kernel/port-ranges.ts';
import type { World } from './world.ts';

/** Where a connection comes from and was going, as the kernel says. */
export interface Route {
  /** The caller as it is known now: an identity may arrive after the connection. */
  caller(): Workload;
  /** Ports that the calling pod declares opaque wherever it calls them; null when it says nothing. */
  opaquePorts?(): PortRanges | null;
  readonly ip: string;
  readonly port: number;
}

/** Whom a connection asks what policies say of it. */
export interface Judging {
  readonly destination: Destination;
  /** What policies say of this connection as things stand now: ask for each decision. */
  readonly scope: Scope;
  readonly caller: Workload;
  /** Whether the destination's port is declared to carry what nobody is to read. */
  readonly declaredOpaque: boolean;
}

/**
 * Decides the requests of one connection. Caller and destination are fixed, so the rules that can apply are looked
 * up once and again only when the world changes: a policy change is in force on open connections at the next request.
 */
export class Judge implements Judging {
  #destination: Destination;
  #scope: Scope;
  #seen: number;
  readonly #world: World;
  readonly #route: Route;

  constructor(world: World, route: Route) {
    this.#world = world;
    this.#route = route;
    this.#seen = world.version;
    this.#destination = world.directory.resolve(route.ip, route.port);
    this.#scope = world.scope(route.caller(), this.#destination);
  }

  get caller(): Workload {
    return this.#route.caller();
  }

  get destination(): Destination {
    return this.#destination;
  }

  get scope(): Scope {
    this.#refresh();
    return this.#scope;
  }

  get declaredOpaque(): boolean {
    this.#refresh();
    return this.#world.isDeclaredOpaque(this.#destination, this.#route.opaquePorts?.() ?? null);
  }

  #refresh(): void {
    if (this.#seen === this.#world.version) return;
    this.#seen = this.#world.version;
    this.#destination = this.#world.directory.resolve(this.#route.ip, this.#route.port);
    this.#scope = this.#world.scope(this.#route.caller(), this.#destination);
  }
}
