export type { Decision, Operation, Reason, Verdict } from './model/decision.ts';
export { REASONS } from './model/decision.ts';
export type { Destination, ServiceRef } from './model/destination.ts';
export type { Action, ApiPolicy, CallerSelector, Mode, OperationSelector, Rule } from './model/policy.ts';
export type { Workload } from './model/workload.ts';
