import type { Destination, ServiceRef } from '../model/destination.ts';
import type { CompiledPolicy } from './compiled-policy.ts';

/**
 * How far a policy's target takes a destination in. `denials` is for a port-restricted policy at a pod port that no
 * Service names: see `reachOf`.
 */
export type Reach = 'none' | 'denials' | 'all';

/** The policies of one namespace, by the Services they select. Never changed once built. */
export class NamespacePolicies {
  readonly #byService = new Map<string, CompiledPolicy[]>();
  readonly #everyService: CompiledPolicy[] = [];

  constructor(policies: Iterable<CompiledPolicy>) {
    for (const policy of policies) this.#file(policy);
  }

  /** Candidates: whether the port is selected as well is for `reachOf` to say. */
  *selecting(service: string): Generator<CompiledPolicy> {
    yield* this.#everyService;
    yield* this.#byService.get(service) ?? [];
  }

  #file(policy: CompiledPolicy): void {
    const { mode, target } = policy.source;
    if (mode === 'Off') return;
    if (target.services === undefined) this.#everyService.push(policy);
    for (const service of new Set(target.services)) {
      const policies = this.#byService.get(service);
      if (policies === undefined) this.#byService.set(service, [policy]);
      else policies.push(policy);
    }
  }
}

/**
 * A pod may be dialled by its IP on a port that no Service names (`ServiceRef.port` 0). Nothing tells whether the same
 * process answers there, so such a port must not be a way round a policy that is restricted to other ports:
 * the policy selects it and its Deny rules hold, but its Allow rules, written for the listed ports, don't.
 * Where the dialled port itself is listed, the author meant it, and the whole policy applies.
 */
export function reachOf(policy: CompiledPolicy, ref: ServiceRef, destination: Destination): Reach {
  const { ports } = policy.source.target;
  if (ports === undefined) return 'all';
  if (ref.port !== 0) return ports.includes(ref.port) ? 'all' : 'none';
  return ports.includes(destination.port) ? 'all' : 'denials';
}
