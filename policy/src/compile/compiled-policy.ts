import type { Decision, Reason, Verdict } from '../model/decision.ts';
import type { ApiPolicy, OperationSelector, Rule } from '../model/policy.ts';
import { policyId } from '../model/policy-id.ts';
import { GRPC_METHOD, grpcTemplate } from '../path/grpc.ts';
import { parseTemplate, type Template } from '../path/template.ts';
import { CallerIndex } from './caller-index.ts';

/** One entry of `to`; null means all. */
export interface CompiledOperation {
  readonly methods: readonly string[] | null;
  readonly template: Template | null;
}

export interface CompiledRule {
  readonly allows: boolean;
  /** What a request gets when this rule decides. */
  readonly decision: Decision;
  readonly operations: readonly CompiledOperation[];
}

/** A policy made ready once, and shared by every set and every scope that it is part of. */
export interface CompiledPolicy {
  readonly source: ApiPolicy;
  readonly id: string;
  /** Tells apart the versions of one policy inside a set. */
  readonly serial: number;
  readonly enforced: boolean;
  /** Answers for when no rule of the policy decides. */
  readonly noRuleAllows: Decision;
  readonly ambiguousPath: Decision;
  readonly rules: readonly CompiledRule[];
  readonly callers: CallerIndex;
}

/** Throws when a template is invalid: a parsed policy has none, so that is a bug of whoever built the object. */
export function compilePolicy(source: ApiPolicy, serial: number): CompiledPolicy {
  const id = policyId(source);
  const enforced = source.mode === 'Enforce';
  const denial = enforced ? 'deny' : 'would-deny';
  const decide = (verdict: Verdict, reason: Reason, rule: string | null = null): Decision =>
    Object.freeze({ verdict, reason, policy: id, rule });
  return {
    source,
    id,
    serial,
    enforced,
    noRuleAllows: decide(denial, 'no_rule_allows'),
    ambiguousPath: decide(denial, 'ambiguous_path'),
    rules: source.rules.map((rule) => ({
      allows: rule.action === 'Allow',
      decision:
        rule.action === 'Allow'
          ? decide('allow', 'allowed_by_rule', rule.name)
          : decide(denial, 'denied_by_rule', rule.name),
      operations: compileOperations(rule),
    })),
    callers: new CallerIndex(source.namespace, source.rules),
  };
}

const EVERY_OPERATION: readonly CompiledOperation[] = [{ methods: null, template: null }];

function compileOperations(rule: Rule): readonly CompiledOperation[] {
  return rule.to === undefined ? EVERY_OPERATION : rule.to.map(compileOperation);
}

function compileOperation({ methods, path, grpc }: OperationSelector): CompiledOperation {
  if (grpc !== undefined) return { methods: [GRPC_METHOD], template: templateOf(grpcTemplate(grpc)) };
  return {
    methods: methods === undefined ? null : withHead(methods),
    template: path === undefined ? null : templateOf(path),
  };
}

/** RFC 9110 §9.3.2: HEAD is GET without the content, so whoever may (not) do one may (not) do the other. */
function withHead(methods: readonly string[]): readonly string[] {
  return methods.includes('GET') && !methods.includes('HEAD') ? [...methods, 'HEAD'] : methods;
}

function templateOf(path: string): Template {
  const template = parseTemplate(path);
  if (!template.ok)
    throw new Error(`template \`${path}\`, column ${template.error.column}: ${template.error.message}`);
  return template.value;
}
