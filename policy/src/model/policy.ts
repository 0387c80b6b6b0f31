import type { Expectation, RuleEnumeration } from './enumeration.ts';
import type { Limit } from './limit.ts';

/** `Off` selects nothing; `Audit` reports what it would deny; `Enforce` denies what no rule allows. */
export type Mode = 'Off' | 'Audit' | 'Enforce';

export type Action = 'Allow' | 'Deny';

/** All given fields must match (AND); an empty selector is refused by the schema. */
export interface CallerSelector {
  /** `name` (the policy's own namespace) or `namespace/name`. */
  readonly serviceAccount?: string;
  readonly workload?: { readonly kind?: string; readonly name: string };
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

/** A gRPC method by its names in protobuf; absent `method` is every method of the service. */
export interface GrpcSelector {
  /** With its package: `shop.Orders`. */
  readonly service: string;
  readonly method?: string;
}

/** What is called. Absent `methods` is every method, absent `path` is every path; `grpc` stands in place of both. */
export interface OperationSelector {
  /** Upper-case tokens; `GET` covers `HEAD`. */
  readonly methods?: readonly string[];
  /** Typed template: `/orders/{id:int}`, `/files/**`. */
  readonly path?: string;
  readonly grpc?: GrpcSelector;
}

/** Absent `from` is every caller, absent `to` is every operation. */
export interface ApiExpectation extends Expectation {
  readonly from?: readonly CallerSelector[];
  readonly to?: readonly OperationSelector[];
}

/** Absent `from` is every caller, absent `to` is every operation. */
export interface Rule {
  readonly name: string;
  readonly action: Action;
  readonly from?: readonly CallerSelector[];
  readonly to?: readonly OperationSelector[];
  /** How much it allows; only where the action is Allow. */
  readonly limits?: readonly Limit[];
  readonly enumeration?: RuleEnumeration;
}

/** One accepted ApiPolicy object: the parser's output, so every field is already valid. */
export interface ApiPolicy {
  readonly namespace: string;
  readonly name: string;
  readonly generation: number;
  readonly mode: Mode;
  readonly target: {
    /** Service names in the policy's namespace; absent selects every Service there. */
    readonly services?: readonly string[];
    /** Service ports; absent selects every port. */
    readonly ports?: readonly number[];
  };
  readonly rules: readonly Rule[];
  readonly expectations?: readonly ApiExpectation[];
}
