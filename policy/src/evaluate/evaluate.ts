import type { PolicySet } from '../compile/policy-set.ts';
import type { Decision, Operation } from '../model/decision.ts';
import type { Destination } from '../model/destination.ts';
import type { Workload } from '../model/workload.ts';

/** One request: who calls, where it goes, what it asks for. */
export interface Facts {
  readonly caller: Workload;
  readonly destination: Destination;
  readonly operation: Operation;
}

/** Total and pure. Where many requests share a connection, hold its `PolicySet.scope` instead. */
export function evaluate(set: PolicySet, { caller, destination, operation }: Facts): Decision {
  return set.scope(caller, destination).evaluate(operation.method, operation.path);
}
