import type { EgressSet } from '../compile/egress-set.ts';
import type { PolicySet } from '../compile/policy-set.ts';
import { QUARANTINE_SCOPE } from '../compile/quarantine-scope.ts';
import type { Scope } from '../compile/scope.ts';
import type { Call, Decision } from '../model/decision.ts';
import type { Destination } from '../model/destination.ts';
import type { Workload } from '../model/workload.ts';

/** One request: who calls, where it goes, what it asks for. */
export interface Facts {
  readonly caller: Workload;
  readonly destination: Destination;
  readonly operation: Call;
}

/** Total and pure. Where many requests share a connection, hold its `PolicySet.scope` instead. */
export function evaluate(set: PolicySet, { caller, destination, operation }: Facts): Decision {
  return set.scope(caller, destination).evaluate(operation.method, operation.path, '');
}

/** One connection to the outside, or one request on it. */
export interface EgressFacts {
  readonly caller: Workload;
  readonly destination: Destination;
  /** As written by the caller; empty when it is not known. */
  readonly host: string;
  /** Null for TLS and opaque bytes. */
  readonly operation: Call | null;
}

/** Total and pure, like `evaluate`. */
export function evaluateEgress(set: EgressSet, facts: EgressFacts): Decision {
  const scope = set.scope(facts.caller, facts.destination);
  const { host, operation } = facts;
  return operation === null ? scope.unread(host) : scope.evaluate(operation.method, operation.path, host);
}

/** All policies in force. */
export interface PoliciesInForce {
  readonly api: PolicySet;
  readonly egress: EgressSet;
}

/** Quarantine comes before everything. Policies beside the Services rule what is called at them; those beside the caller rule where else it may go. */
export function scopeOf({ api, egress }: PoliciesInForce, caller: Workload, destination: Destination): Scope {
  if (caller.quarantined) return QUARANTINE_SCOPE;
  return destination.services.length > 0 ? api.scope(caller, destination) : egress.scope(caller, destination);
}
