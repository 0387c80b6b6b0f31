import type { Limit } from './limit.ts';
import type { Action, CallerSelector, Mode } from './policy.ts';

/** Callers of the policy's own namespace: nobody may rule over the connections of somebody else's pods. */
export type LocalCallerSelector = Omit<CallerSelector, 'namespace'>;

/**
 * Where a connection leads, and for HTTP that can be read, what is asked for there. All given fields must hold; an
 * empty selector is refused by the schema.
 */
export interface EgressSelector {
  /** Lower-case names: `api.example.com`, or `*.example.com` for all names below it. Never matches an unknown host. */
  readonly hosts?: readonly string[];
  /** Networks of the dialled address: `203.0.113.0/24`, `2001:db8::/32`. */
  readonly cidrs?: readonly string[];
  /** Dialled ports. */
  readonly ports?: readonly number[];
  /** Upper-case tokens; `GET` covers `HEAD`. With this or `path`, only requests of cleartext HTTP match. */
  readonly methods?: readonly string[];
  readonly path?: string;
}

/** Absent `to` is everything outside. */
export interface EgressRule {
  readonly name: string;
  readonly action: Action;
  readonly to?: readonly EgressSelector[];
  /** How much it allows; only where the action is Allow. */
  readonly limits?: readonly Limit[];
}

/** One accepted EgressPolicy object: the parser's output, so every field is already valid. */
export interface EgressPolicy {
  readonly namespace: string;
  readonly name: string;
  readonly generation: number;
  readonly mode: Mode;
  /** Absent: all workloads of the namespace. */
  readonly from?: readonly LocalCallerSelector[];
  readonly rules: readonly EgressRule[];
}
