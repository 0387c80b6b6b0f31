import type {
  ApiPolicy,
  CallerSelector,
  Decision,
  Facts,
  GrpcSelector,
  OperationSelector,
  Rule,
} from '../src/index.ts';
import { referenceCanonicalPath, referenceMatchesTemplate } from './reference-path.ts';

/**
 * What a decision means, said a second time without index, cache or compilation: look at every policy, every rule.
 * It shares no code with the evaluator that it checks.
 */
export function referenceEvaluate(policies: readonly ApiPolicy[], facts: Facts): Decision {
  const inOrder = [...policies].sort((a, b) => (orderKey(a) < orderKey(b) ? -1 : 1));
  const selecting = inOrder.filter((policy) => policy.mode !== 'Off' && selects(policy, facts));
  const enforced = selecting.filter((policy) => policy.mode === 'Enforce');
  const real = judge(enforced, facts);
  if (real.verdict === 'deny') return real;
  // What if everything selecting were enforced? It can only get stricter, so a denial is the audited policies' doing.
  const audited = selecting.filter((policy) => policy.mode === 'Audit');
  const imagined = judge(selecting, facts);
  if (imagined.verdict === 'allow') return enforced.length > 0 ? real : imagined;
  const byAudit = judge(audited, facts);
  const [first] = audited;
  if (byAudit.reason === 'denied_by_rule' || byAudit.reason === 'ambiguous_path')
    return { ...byAudit, verdict: 'would-deny' };
  return { verdict: 'would-deny', reason: 'no_rule_allows', policy: first ? idOf(first) : null, rule: null };
}

/** The verdict as if all these policies were enforced; all of them select the destination. */
function judge(policies: readonly ApiPolicy[], facts: Facts): Decision {
  const [first] = policies;
  if (first === undefined) return { verdict: 'allow', reason: 'ungoverned', policy: null, rule: null };
  const path = referenceCanonicalPath(facts.operation.path);
  if (path === null) return { verdict: 'deny', reason: 'ambiguous_path', policy: idOf(first), rule: null };
  for (const action of ['Deny', 'Allow'] as const) {
    for (const policy of policies) {
      if (action === 'Allow' && isClosedPort(policy, facts)) continue;
      const rule = policy.rules.find(
        (rule) => rule.action === action && applies(rule, policy, { facts, path }),
      );
      if (rule === undefined) continue;
      if (action === 'Deny')
        return { verdict: 'deny', reason: 'denied_by_rule', policy: idOf(policy), rule: rule.name };
      return { verdict: 'allow', reason: 'allowed_by_rule', policy: idOf(policy), rule: rule.name };
    }
  }
  return { verdict: 'deny', reason: 'no_rule_allows', policy: idOf(first), rule: null };
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
  const called = from === undefined || from.some((selector) => isCaller(selector, policy, request.facts));
  return called && (to === undefined || to.some((selector) => isOperation(selector, rule, request)));
}

function isCaller(selector: CallerSelector, policy: ApiPolicy, { caller }: Facts): boolean {
  const [inAccount, name] = selector.serviceAccount?.includes('/')
    ? selector.serviceAccount.split('/')
    : [undefined, selector.serviceAccount];
  const namespace = selector.namespace ?? inAccount ?? policy.namespace;
  return (
    (namespace === '*' || caller.namespace === namespace) &&
    (name === undefined || caller.serviceAccount === name) &&
    (selector.workload === undefined || caller.name === selector.workload.name) &&
    (selector.workload?.kind === undefined || caller.kind === selector.workload.kind) &&
    Object.entries(selector.labels ?? {}).every(([key, value]) => caller.labels[key] === value)
  );
}

function isOperation(
  selector: OperationSelector,
  rule: Rule,
  { facts, path }: { facts: Facts; path: string },
): boolean {
  const { method } = facts.operation;
  const named = rule.action === 'Deny' ? method.toUpperCase() : method;
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

function idOf(policy: ApiPolicy): string {
  return `${policy.namespace}/${policy.name}`;
}

function orderKey(policy: ApiPolicy): string {
  return `${policy.namespace}\0${policy.name}`;
}
