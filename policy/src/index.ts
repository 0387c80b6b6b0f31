export type { CompiledExpectation } from './compile/compiled-expectation.ts';
export type { CompiledLimit } from './compile/compiled-limit.ts';
export type { EgressChange } from './compile/egress-set.ts';
export { EgressSet } from './compile/egress-set.ts';
export type { GuardSettings, ProfileChange } from './compile/guard-settings.ts';
export { DEFAULT_GUARDS, GuardProfiles } from './compile/guard-settings.ts';
export { PathSet } from './compile/path-set.ts';
export type { PolicyChange } from './compile/policy-set.ts';
export { PolicySet } from './compile/policy-set.ts';
export type { Governed, Scope } from './compile/scope.ts';
export type { CacheLimits } from './compile/scope-cache.ts';
export { DEFAULT_CACHE_LIMITS } from './compile/scope-cache.ts';
export {
  ANOMALY_LIMITS,
  Anomalies,
  type Anomaly,
  type AnomalyKind,
  type AnomalyLimits,
  type ObservedCalls,
} from './detect/anomaly.ts';
export { Contract, type ContractTerms } from './detect/contract.ts';
export { CronSchedule } from './detect/cron.ts';
export type { Detection, DetectionId, Severity } from './detect/detections.ts';
export { DETECTION_IDS, DETECTIONS, SEVERITIES } from './detect/detections.ts';
export {
  ENUMERATION_LIMITS,
  Enumeration,
  type EnumerationLimits,
  type Evidence as EnumerationEvidence,
  isSavedLength,
  SAVED_NUMBERS,
} from './detect/enumeration.ts';
export { decodeDelta, IdDelta } from './detect/id-delta.ts';
export type { IdForm, IdShape } from './detect/id-shape.ts';
export { KeySlab } from './detect/key-slab.ts';
export type { OpenRequest } from './detect/open-requests.ts';
export {
  PROVENANCE_LIMITS,
  ProvenanceFilter,
  type ProvenanceLimits,
  type ShownMessage,
} from './detect/provenance-filter.ts';
export { isAtLeast, lowerOf, type Tier } from './detect/tier.ts';
export { type Known, newTouch, type Touch } from './detect/touch.ts';
export type { EgressFacts, Facts, PoliciesInForce } from './evaluate/evaluate.ts';
export { evaluate, evaluateEgress, scopeOf } from './evaluate/evaluate.ts';
export { explainDecision } from './evaluate/explain.ts';
export { hostName } from './host/host-name.ts';
export type { Bucket } from './limit/bucket.ts';
export {
  type BucketState,
  MAX_DEBT_US,
  newBucketState,
  PERIOD_US,
  SETTLING_US,
  settle,
  UNSEEN_US,
} from './limit/gcra.ts';
export type { LeaseAsk, LeaseGrant } from './limit/lease.ts';
export type { BookCounts, Shortage } from './limit/lease-book.ts';
export { LeaseBook } from './limit/lease-book.ts';
export type { Rate } from './limit/rate.ts';
export type { Call, Decision, LimitReason, Reason, Verdict } from './model/decision.ts';
export { REASONS } from './model/decision.ts';
export type { Destination, ServiceRef } from './model/destination.ts';
export type { EgressPolicy, EgressRule, EgressSelector, LocalCallerSelector } from './model/egress-policy.ts';
export type { EnumerationAction, Expectation, RuleEnumeration } from './model/enumeration.ts';
export type { EnumerationSettings, GuardAction, GuardProfile } from './model/guard-profile.ts';
export { GUARD_ACTIONS } from './model/guard-profile.ts';
export type { Limit, LimitKey, OnStoreFailure } from './model/limit.ts';
export type {
  Action,
  ApiPolicy,
  CallerSelector,
  GrpcSelector,
  Mode,
  OperationSelector,
  Rule,
} from './model/policy.ts';
export { policyId } from './model/policy-id.ts';
export type { Problem } from './model/problem.ts';
export type { Result } from './model/result.ts';
export type { Workload } from './model/workload.ts';
export type { Operation, Parameter } from './operation/operation.ts';
export type { Observation, OperationCounts, OperationLimits } from './operation/operation-learner.ts';
export { DEFAULT_OPERATION_LIMITS, OperationLearner } from './operation/operation-learner.ts';
export { readSavedOperation, type SavedOperation } from './operation/saved-operation.ts';
export { PARAMETER_TYPES, type ParameterType } from './operation/segment-class.ts';
export { canonicalPath } from './path/canonical.ts';
export { grpcTemplate } from './path/grpc.ts';
export { SEGMENT_TYPES, type SegmentType } from './path/segment-type.ts';
export type { Segment, Template, TemplateProblem } from './path/template.ts';
export { parseTemplate, TEMPLATE_LIMITS } from './path/template.ts';
export { apiPolicyCrd, egressPolicyCrd, guardProfileCrd } from './schema/crd.ts';
export {
  API_GROUP,
  API_POLICY,
  API_VERSION,
  EGRESS_POLICY,
  GUARD_PROFILE,
  type KindNames,
} from './schema/kinds.ts';
export { POLICY_LIMITS } from './schema/limits.ts';
export { formatProblem, parseApiPolicy, parseEgressPolicy, parseGuardProfile } from './schema/parse.ts';
