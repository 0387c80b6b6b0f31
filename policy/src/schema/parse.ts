import type { z } from 'zod';
import type { EgressPolicy } from '../model/egress-policy.ts';
import type { GuardProfile } from '../model/guard-profile.ts';
import type { ApiPolicy } from '../model/policy.ts';
import type { Problem } from '../model/problem.ts';
import { err, ok, type Result } from '../model/result.ts';
import { apiPolicySpec } from './api-policy.ts';
import { egressPolicySpec } from './egress-policy.ts';
import { guardProfileSpec } from './guard-profile.ts';
import { API_POLICY, EGRESS_POLICY, GUARD_PROFILE } from './kinds.ts';
import { clusterObject, policyObject } from './object.ts';
import { quote } from './quote.ts';

type Issue = z.core.$ZodIssue;
type RawIssue = z.core.$ZodRawIssue;

const apiPolicyObject = policyObject(API_POLICY, apiPolicySpec);
const egressPolicyObject = policyObject(EGRESS_POLICY, egressPolicySpec);
const guardProfileObject = clusterObject(GUARD_PROFILE, guardProfileSpec);

/** Reads an ApiPolicy object as the kube API serves it; on failure says everything that is wrong with it at once. */
export function parseApiPolicy(object: unknown): Result<ApiPolicy, Problem[]> {
  return flatten(apiPolicyObject.safeParse(object, OPTIONS));
}

/** The same for an EgressPolicy. */
export function parseEgressPolicy(object: unknown): Result<EgressPolicy, Problem[]> {
  return flatten(egressPolicyObject.safeParse(object, OPTIONS));
}

/** The same for a GuardProfile, which is in no namespace. */
export function parseGuardProfile(object: unknown): Result<GuardProfile, Problem[]> {
  const parsed = guardProfileObject.safeParse(object, OPTIONS);
  if (!parsed.success) return err(parsed.error.issues.flatMap(problemsOf));
  const { metadata, spec } = parsed.data;
  return ok({ ...spec, name: metadata.name, generation: metadata.generation ?? 0 });
}

const OPTIONS = { error: messageOf, reportInput: true };

interface ParsedObject<Spec> {
  readonly metadata: { readonly name: string; readonly namespace: string; readonly generation?: number };
  readonly spec: Spec;
}

function flatten<Spec extends object>(
  parsed: z.ZodSafeParseResult<ParsedObject<Spec>>,
): Result<Spec & { namespace: string; name: string; generation: number }, Problem[]> {
  if (!parsed.success) return err(parsed.error.issues.flatMap(problemsOf));
  const { metadata, spec } = parsed.data;
  return ok({
    ...spec,
    namespace: metadata.namespace,
    name: metadata.name,
    generation: metadata.generation ?? 0,
  });
}

/** One line for logs and status conditions. */
export function formatProblem({ path, message, hint }: Problem): string {
  const where = path === '' ? '' : `${path}: `;
  return `${where}${message}${hint === undefined ? '' : ` (${hint})`}`;
}

function problemsOf(issue: Issue): Problem[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ path: formatPath([...issue.path, key]), message: 'unknown field' }));
  }
  // The issue of a map's key stands at the map, the reason inside.
  const message = issue.code === 'invalid_key' ? (issue.issues[0]?.message ?? issue.message) : issue.message;
  const hint = hintOf(issue);
  return [{ path: formatPath(issue.path), message, ...(hint === undefined ? {} : { hint }) }];
}

function formatPath(path: readonly PropertyKey[]): string {
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else if (/^[A-Za-z_]\w*$/.test(String(step))) text += text === '' ? String(step) : `.${String(step)}`;
    else text += `[${JSON.stringify(String(step))}]`;
  }
  return text;
}

function hintOf(issue: Issue): string | undefined {
  if (issue.code === 'custom' && typeof issue.params?.['hint'] === 'string') return issue.params['hint'];
  if (issue.code !== 'invalid_value' || typeof issue.input !== 'string') return undefined;
  const written = issue.input.toLowerCase();
  const meant = issue.values.find((value) => String(value).toLowerCase() === written);
  return meant === undefined ? undefined : `did you mean ${quote(meant)}?`;
}

/** Words for what the schema itself has no words for; undefined leaves zod's. */
function messageOf(issue: RawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined
        ? 'is required'
        : `expected ${nounOf(issue.expected)}, got ${quote(issue.input)}`;
    case 'invalid_value':
      if (issue.input === undefined) return 'is required';
      return `expected ${issue.values.map((value) => quote(value)).join(', ')}, got ${quote(issue.input)}`;
    case 'too_big':
      return `at most ${String(issue.maximum)}${unitOf(issue.origin)}`;
    case 'too_small':
      return `at least ${String(issue.minimum)}${unitOf(issue.origin)}`;
    default:
      return undefined;
  }
}

const NOUNS: Readonly<Record<string, string>> = {
  array: 'a list',
  boolean: 'true or false',
  int: 'a whole number',
  number: 'a number',
  object: 'an object',
  record: 'an object',
  string: 'a text',
};

function nounOf(type: string): string {
  return NOUNS[type] ?? type;
}

function unitOf(origin: string): string {
  if (origin === 'string') return ' characters';
  return origin === 'array' ? ' entries' : '';
}
