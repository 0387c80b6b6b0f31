import type { Decision, Reason, Verdict } from '../model/decision.ts';
import type { RuleEnumeration } from '../model/enumeration.ts';
import type { Limit } from '../model/limit.ts';
import type { Action, Mode } from '../model/policy.ts';
import { policyId } from '../model/policy-id.ts';
import { parseTemplate, type Template } from '../path/template.ts';
import { compileLimits } from './compiled-limit.ts';

/** What a selector says of a request; null means all. */
export interface CompiledOperation {
  readonly methods: readonly string[] | null;
  readonly template: Template | null;
}

export const EVERY_OPERATION: CompiledOperation = { methods: null, template: null };

/** `To` is one entry of the rule's `to`. */
export interface CompiledRule<To> {
  readonly allows: boolean;
  /** What a request gets when this rule decides. */
  readonly decision: Decision;
  readonly to: readonly To[];
}

/** What is alike in the compiled policies of every kind. */
export interface CompiledRules<To> {
  readonly id: string;
  /** Tells apart the versions of one policy inside a set. */
  readonly serial: number;
  readonly enforced: boolean;
  /** Answers for when no rule of the policy decides. */
  readonly noRuleAllows: Decision;
  readonly ambiguousPath: Decision;
  readonly unreadable: Decision;
  readonly rules: readonly CompiledRule<To>[];
}

interface WrittenRule<Selector> {
  readonly name: string;
  readonly action: Action;
  readonly to?: readonly Selector[];
  readonly limits?: readonly Limit[];
  readonly enumeration?: RuleEnumeration;
}

interface Written<Selector> {
  readonly namespace: string;
  readonly name: string;
  readonly mode: Mode;
  readonly rules: readonly WrittenRule<Selector>[];
}

/** What tells the rules of one kind of policy from another's. */
export interface RuleKind<Selector, To> {
  /** Part of the ids of its limits. */
  readonly name: string;
  compile(selector: Selector): To;
  /** Stands for an absent `to`. */
  readonly everything: To;
}

export function compileRules<Selector, To>(
  source: Written<Selector>,
  serial: number,
  { name: kind, compile, everything }: RuleKind<Selector, To>,
): CompiledRules<To> {
  const id = policyId(source);
  const enforced = source.mode === 'Enforce';
  const denial = enforced ? 'deny' : 'would-deny';
  const decide = (verdict: Verdict, reason: Reason, rule: string | null = null): Decision =>
    Object.freeze({ verdict, reason, policy: id, rule });
  return {
    id,
    serial,
    enforced,
    noRuleAllows: decide(denial, 'no_rule_allows'),
    ambiguousPath: decide(denial, 'ambiguous_path'),
    unreadable: decide(denial, 'unreadable_protocol'),
    rules: source.rules.map((rule) => ({
      allows: rule.action === 'Allow',
      decision:
        rule.action === 'Allow'
          ? within(decide('allow', 'allowed_by_rule', rule.name), rule)
          : decide(denial, 'denied_by_rule', rule.name),
      to: rule.to === undefined ? [everything] : rule.to.map(compile),
    })),
  };

  function within(allowed: Decision, { name, limits = [], enumeration }: WrittenRule<Selector>): Decision {
    const holder = { kind, policy: id, rule: name, refuse: (reason: Reason) => decide(denial, reason, name) };
    return Object.freeze({
      ...allowed,
      ...(limits.length > 0 && { limits: compileLimits(limits, holder) }),
      // A policy that only audits reports; it refuses nothing, be it by a guard.
      ...(enumeration !== undefined && { enumeration: enforced ? enumeration : reported(enumeration) }),
    });
  }
}

const reported = (enumeration: RuleEnumeration): RuleEnumeration =>
  enumeration.action === 'Off' ? enumeration : { ...enumeration, action: 'Log' };

/** Throws when the template is invalid: a parsed policy has none, so that is a bug of whoever built the object. */
export function compileOperation(written: {
  readonly methods?: readonly string[];
  readonly path?: string;
}): CompiledOperation {
  const { methods, path } = written;
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
