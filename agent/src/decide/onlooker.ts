import { type Destination, EgressSet, type Scope, type Workload } from '@eastwall/policy';
import type { Judging, Route } from './judge.ts';
import type { World } from './world.ts';

const NO_POLICIES = EgressSet.empty();

/**
 * Stands in for a judge where connections are only looked at: what comes to a pod is judged where it is sent from.
 */
export class Onlooker implements Judging {
  readonly caller: Workload;
  readonly destination: Destination;
  readonly scope: Scope;
  readonly declaredOpaque: boolean;

  constructor(world: World, { caller, ip, port }: Route) {
    this.caller = caller();
    this.destination = world.directory.resolve(ip, port);
    this.scope = NO_POLICIES.scope(this.caller, this.destination);
    this.declaredOpaque = world.isDeclaredOpaque(this.destination, null);
  }
}
