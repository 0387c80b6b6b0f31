import type { Destination } from '../model/destination.ts';
import type { Workload } from '../model/workload.ts';
import { type KeyedCaller, keyCaller } from './caller-index.ts';
import type { CompiledPolicy } from './compiled-policy.ts';
import type { Selected } from './decision-table.ts';
import { type NamespacePolicies, type Reach, reachOf } from './namespace-policies.ts';

interface Namespaces {
  indexOf(namespace: string): NamespacePolicies | undefined;
}

/** The policies that select the destination by any of its Services, in order of namespace and name, with the caller's rules. */
export function select(
  namespaces: Namespaces,
  caller: Workload,
  destination: Destination,
): Selected<CompiledPolicy>[] {
  const reaches = reachByPolicy(namespaces, destination);
  const keyed = keyCaller(caller);
  return [...reaches]
    .sort(([a], [b]) => byNamespaceAndName(a, b))
    .map(([policy, reach]) => ({
      policy,
      rules: rulesWithin(policy, reach, keyed),
      expectations: policy.expectations.callers.rulesFor(keyed),
    }));
}

function reachByPolicy(namespaces: Namespaces, destination: Destination): Map<CompiledPolicy, Reach> {
  const reaches = new Map<CompiledPolicy, Reach>();
  for (const ref of destination.services) {
    for (const policy of namespaces.indexOf(ref.namespace)?.selecting(ref.service) ?? []) {
      const reach = reachOf(policy, ref, destination);
      if (reach === 'all' || (reach === 'denials' && !reaches.has(policy))) reaches.set(policy, reach);
    }
  }
  return reaches;
}

function rulesWithin(policy: CompiledPolicy, reach: Reach, caller: KeyedCaller): readonly number[] {
  const rules = policy.callers.rulesFor(caller);
  return reach === 'all' ? rules : rules.filter((at) => policy.rules[at]?.allows === false);
}

/** By code units, so that the order is the same on every node whatever its locale. */
function byNamespaceAndName(a: CompiledPolicy, b: CompiledPolicy): number {
  return compare(a.source.namespace, b.source.namespace) || compare(a.source.name, b.source.name);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
