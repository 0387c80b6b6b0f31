import type {
  Action,
  ApiPolicy,
  CallerSelector,
  Decision,
  EgressPolicy,
  Facts,
  GrpcSelector,
  OperationSelector,
  Rule,
  Workload,
} from '../src/index.ts';
import { referenceCanonicalPath, referenceMatchesTemplate } from './reference-path.ts';

/**
 * What a decision means, said a second time without index, cache or compilation: look at every policy, every rule.
 * It shares no code with the evaluator that it checks.
 */
export function referenceEvaluate(policies: readonly ApiPolicy[], facts: Facts): Decision {
  return weigh(
    policies.filter((policy) => selects(policy, facts)),
    (enforced) => judge(enforced, facts),
  );
}

type AnyPolicy = ApiPolicy | EgressPolicy;

/** From what some policies would say if all of them were enforced, to what they say in their modes. */
export function weigh<Policy extends AnyPolicy>(
  policies: readonly Policy[],
  judge: (policies: readonly Policy[]) => Decision,
): Decision {
  const selecting = policies
    .filter(({ mode }) => mode !== 'Off')
    .sort((a, b) => (orderKey(a) < orderKey(b) ? -1 : 1));
  const enforced = selecting.filter((policy) => policy.mode === 'Enforce');
  const real = judge(enforced);
  if (real.verdict === 'deny') return real;
  // What if everything selecting were enforced? It can only get stricter, so a denial is the audited policies' doing.
  const audited = selecting.filter((policy) => policy.mode === 'Audit');
  const imagined = judge(selecting);
  if (imagined.verdict === 'allow') return enforced.length > 0 ? real : imagined;
  const byAudit = judge(audited);
  const [first] = audited;
  if (byAudit.reason === 'denied_by_rule' || byAudit.reason === 'ambiguous_path')
    return { ...byAudit, verdict: 'would-deny' };
  return { verdict: 'would-deny', reason: 'no_rule_allows', policy: first ? idOf(first) : null, rule: null };
}

/** The first rule that decides, when all these policies are enforced and select. */
export function firstRule<Policy extends AnyPolicy>(
  policies: readonly Policy[],
  matches: (rule: Policy['rules'][number], policy: Policy) => boolean,
): Decision {
  const [first] = policies;
  if (first === undefined) return { verdict: 'allow', reason: 'ungoverned', policy: null, rule: null };
  for (const action of ['Deny', 'Allow'] as const) {
    for (const policy of policies) {
      const rule = policy.rules.find((rule) => rule.action === action && matches(rule, policy));
      if (rule === undefined) continue;
      if (action === 'Deny')
        return { verdict: 'deny', reason: 'denied_by_rule', policy: idOf(policy), rule: rule.name };
      return { verdict: 'allow', reason: 'allowed_by_rule', policy: idOf(policy), rule: rule.name };
    }
  }
  return { verdict: 'deny', reason: 'no_rule_allows', policy: idOf(first), rule: null };
}

/** The verdict as if all these policies were enforced; all of them select the destination. */
function judge(policies: readonly ApiPolicy[], facts: Facts): Decision {
  const path = referenceCanonicalPath(facts.operation.path);
  const [first] = policies;
  if (path === null && first !== undefined)
    return { verdict: 'deny', reason: 'ambiguous_path', policy: idOf(first), rule: null };
  return firstRule(policies, (rule, policy) => {
    if (rule.action === 'Allow' && isClosedPort(policy, facts)) return false;
    return applies(rule, policy, { facts, path: path ?? '' });
  });
}

function selects(policy: ApiPolicy, facts: Facts): boolean {
  return refsOf(policy, facts).some(
    ({ port }) => policy.target.ports === undefined || port === 0 || policy.target.ports.includes(port),
  );
}

/** Whether the policy selects the destination only because nobody knows what its port is. */
function isClosedPort(policy: ApiPolicy, facts: Facts): boolean {
  const { ports } = policy.target;
  if (ports === undefined) return false;
  return refsOf(policy, facts).every(
    ({ port }) => !ports.includes(port === 0 ? facts.destination.port : port),
  );
}

function refsOf(policy: ApiPolicy, { destination }: Facts) {
  return destination.services.filter(
    ({ namespace, service }) =>
      namespace === policy.namespace &&
      (policy.target.services === undefined || policy.target.services.includes(service)),
  );
}

function applies(rule: Rule, policy: ApiPolicy, request: { facts: Facts; path: string }): boolean {
  const { from, to } = rule;
  const { caller } = request.facts;
  const called = from === undefined || from.some((selector) => isCaller(selector, policy.namespace, caller));
  const { operation } = request.facts;
  const asked = { method: operation.method, path: request.path, action: rule.action };
  return called && (to === undefined || to.some((selector) => isOperation(selector, asked)));
}

export function isCaller(selector: CallerSelector, home: string, caller: Workload): boolean {
  const [inAccount, name] = selector.serviceAccount?.includes('/')
    ? selector.serviceAccount.split('/')
    : [undefined, selector.serviceAccount];
  const namespace = selector.namespace ?? inAccount ?? home;
  return (
    (namespace === '*' || caller.namespace === namespace) &&
    (name === undefined || caller.serviceAccount === name) &&
    (selector.workload === undefined || caller.name === selector.workload.name) &&
    (selector.workload?.kind === undefined || caller.kind === selector.workload.kind) &&
    Object.entries(selector.labels ?? {}).every(([key, value]) => caller.labels[key] === value)
  );
}

/** `path` is canonical. */
export function isOperation(
  selector: OperationSelector,
  asked: { readonly method: string; readonly path: string; readonly action: Action },
): boolean {
  const { method, path, action } = asked;
  const named = action === 'Deny' ? method.toUpperCase() : method;
  if (selector.grpc !== undefined) return named === 'POST' && isGrpcPath(selector.grpc, path);
  const covered = selector.methods?.flatMap((name) => (name === 'GET' ? ['GET', 'HEAD'] : [name]));
  return (
    (covered === undefined || covered.includes(named)) &&
    (selector.path === undefined || (path !== '*' && referenceMatchesTemplate(selector.path, path)))
  );
}

function isGrpcPath({ service, method }: GrpcSelector, path: string): boolean {
  const [root, first, second, ...more] = path.split('/');
  if (root !== '' || first !== service || more.length > 0) return false;
  return method === undefined ? second !== undefined && second !== '' : second === method;
}

export function idOf(policy: AnyPolicy): string {
  return `${policy.namespace}/${policy.name}`;
}

function orderKey(policy: AnyPolicy): string {
  return `${policy.namespace}\0${policy.name}`;
}
