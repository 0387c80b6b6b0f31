import {
  API_GROUP,
  API_POLICY,
  API_VERSION,
  type ApiPolicy,
  EGRESS_POLICY,
  type EgressPolicy,
  formatProblem,
  GUARD_PROFILE,
  type GuardProfile,
  type KindNames,
  type Problem,
  parseApiPolicy,
  parseEgressPolicy,
  parseGuardProfile,
} from '@eastwall/policy';
import { isObject, type Json, objectAt, objectsAt, textAt } from '../identity/json.ts';
import { clusterObject, namedObject, type Projected } from '../identity/project.ts';
import { ok, type Result } from '../kernel/result.ts';
import type { Acceptance } from './condition.ts';
import { limitCaveat } from './limit-caveat.ts';
import type { StatusTarget, StatusWriter } from './status.ts';

const GROUP_PATH = `/apis/${API_GROUP}/${API_VERSION}`;

/** A kind of policy: what it is called, and what takes its objects apart. */
export interface PolicyKind<Policy> {
  readonly names: KindNames;
  parse(json: unknown): Result<Policy, readonly Problem[]>;
  /** What a valid one does not do although it says so, after the words that it is valid; empty for nothing. */
  caveat(policy: Policy): string;
}

export const API_POLICIES: PolicyKind<ApiPolicy> = {
  names: API_POLICY,
  parse: parseApiPolicy,
  caveat: limitCaveat,
};
export const EGRESS_POLICIES: PolicyKind<EgressPolicy> = {
  names: EGRESS_POLICY,
  parse: parseEgressPolicy,
  caveat: limitCaveat,
};
export const GUARD_PROFILES: PolicyKind<GuardProfile> = {
  names: GUARD_PROFILE,
  parse: parseGuardProfile,
  caveat: () => '',
};

/** Where the objects of all namespaces are listed. */
export const pathOf = ({ plural }: KindNames): string => `${GROUP_PATH}/${plural}`;

/** One policy object as it came: what it says, if it says anything, and what its status must be written with. */
export interface PolicyObject<Policy> extends StatusTarget {
  /** `namespace/name`, or the name of an object that is in no namespace. */
  readonly key: string;
  readonly parsed: Result<Policy, readonly Problem[]>;
  readonly caveat: string;
}

export interface RefusedPolicy {
  readonly kind: string;
  /** `namespace/name`. */
  readonly policy: string;
  readonly generation: number;
  readonly message: string;
  /** Generation that stays in force, or null when none was ever good. */
  readonly inForce: number | null;
}

/** The API server allows more, but nobody writes more, and they are kept until written. */
const MAX_CONDITIONS = 16;
const MAX_PROBLEMS_TOLD = 10;
/** The API's own limit for a condition's message is 32 KiB; a field's name alone may be longer. */
const MAX_MESSAGE = 4096;

/** An invalid policy is not malformed: it has a status to say so. */
export function projectPolicy<Policy>(
  { names, parse, caveat }: PolicyKind<Policy>,
  json: unknown,
): Projected<PolicyObject<Policy>> {
  const named = names.scope === 'Cluster' ? clusterObject(json) : namedObject(json);
  if (!named.ok) return named;
  const { namespace, name, metadata } = named.value;
  const key = namespace === '' ? name : `${namespace}/${name}`;
  const parsed = parse(json);
  return ok({
    key,
    path: statusPath(names, key),
    uid: textAt(metadata, 'uid'),
    generation: numberAt(metadata, 'generation'),
    resourceVersion: textAt(metadata, 'resourceVersion'),
    conditions: isObject(json)
      ? objectsAt(objectAt(json, 'status'), 'conditions').slice(0, MAX_CONDITIONS)
      : [],
    parsed,
    caveat: parsed.ok ? caveat(parsed.value) : '',
  });
}

export interface PolicyIntakeOptions<Policy> {
  readonly names: KindNames;
  /** Told of the policies in force, the good ones only. */
  readonly into: { upsert(key: string, policy: Policy): void; remove(key: string): void };
  readonly status: Pick<StatusWriter, 'want' | 'forget'>;
  /** Of this kind. */
  readonly maxPolicies: number;
}

/** Decides which policy objects of a kind are in force. One bad object never affects another, nor its own last good version. */
export class PolicyIntake<Policy> {
  readonly #options: PolicyIntakeOptions<Policy>;
  readonly #inForce = new Map<string, { readonly uid: string; readonly generation: number }>();
  readonly #refused = new Map<string, { readonly generation: number; readonly message: string }>();

  constructor(options: PolicyIntakeOptions<Policy>) {
    this.#options = options;
  }

  /** How many policies are in force. */
  get size(): number {
    return this.#inForce.size;
  }

  upsert(object: PolicyObject<Policy>): void {
    const acceptance = this.#judge(object);
    if (acceptance.accepted) this.#refused.delete(object.key);
    else this.#refused.set(object.key, { generation: object.generation, message: acceptance.message });
    this.#options.status.want(object, acceptance);
  }

  remove(key: string): void {
    this.#refused.delete(key);
    this.#options.status.forget(statusPath(this.#options.names, key));
    if (this.#inForce.delete(key)) this.#options.into.remove(key);
  }

  refused(): RefusedPolicy[] {
    return [...this.#refused].map(([policy, { generation, message }]) => ({
      kind: this.#options.names.kind,
      policy,
      generation,
      message,
      inForce: this.#inForce.get(policy)?.generation ?? null,
    }));
  }

  #judge({ key, uid, generation, parsed, caveat }: PolicyObject<Policy>): Acceptance {
    if (!parsed.ok) {
      this.#endFormer(key, uid);
      return { accepted: false, reason: 'Invalid', message: describe(parsed.error) };
    }
    const known = this.#inForce.get(key);
    const { into, maxPolicies } = this.#options;
    if (known === undefined && this.#inForce.size >= maxPolicies) {
      const message = `${maxPolicies} policies are in force, which is the limit; change this one once there is room`;
      return { accepted: false, reason: 'TooManyPolicies', message };
    }
    // Writing a status makes a new version of the object with the same generation: nothing to compile again.
    if (known?.uid !== uid || known.generation !== generation) {
      this.#inForce.set(key, { uid, generation });
      into.upsert(key, parsed.value);
    }
    return { accepted: true, reason: 'Accepted', message: `the policy is valid${caveat}` };
  }

  /** Deleted and made anew while nobody watched: what is in force is no version of this object. */
  #endFormer(key: string, uid: string): void {
    const known = this.#inForce.get(key);
    if (known === undefined || known.uid === uid) return;
    this.#inForce.delete(key);
    this.#options.into.remove(key);
  }
}

function describe(problems: readonly Problem[]): string {
  const told = problems.slice(0, MAX_PROBLEMS_TOLD).map(formatProblem);
  const more = problems.length - told.length;
  return told.join('; ').slice(0, MAX_MESSAGE) + (more > 0 ? `; and ${more} more` : '');
}

function statusPath({ plural }: KindNames, key: string): string {
  const slash = key.indexOf('/');
  if (slash < 0) return `${GROUP_PATH}/${plural}/${encodeURIComponent(key)}/status`;
  const [namespace, name] = [key.slice(0, slash), key.slice(slash + 1)].map(encodeURIComponent);
  return `${GROUP_PATH}/namespaces/${namespace}/${plural}/${name}/status`;
}

const numberAt = (parent: Json, field: string): number => {
  const value = parent[field];
  return typeof value === 'number' ? value : 0;
};
