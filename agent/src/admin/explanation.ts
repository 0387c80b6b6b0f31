import { explainDecision, REASONS, type Reason } from '@eastwall/policy';
import { FAULTS, type Fault } from '../http/fault.ts';
import { QUARANTINE_ANNOTATION } from '../identity/quarantine.ts';
import { type FlowRecord, HOSTS_UNKNOWN, type Outcome } from '../record/record.ts';
import { allowingRule } from './allowing-rule.ts';

/** What `eastwall explain <id>` shows beside the record itself. */
export interface Explanation {
  /** What happened and why, in one sentence. */
  readonly sentence: string;
  /** What to do if that was wrong, one step per line; empty when there is nothing to do. */
  readonly steps: readonly string[];
  /** A rule in YAML that would have let the exchange pass; null where no rule would. */
  readonly rule: string | null;
}

const OUTCOMES: Readonly<Record<Outcome, string>> = {
  ok: 'the exchange was relayed to its end',
  denied: 'the exchange was refused',
  malformed_request: 'the request was refused, since servers may read it in different ways',
  malformed_response: 'the response was not passed on, since clients may read it in different ways',
  caller_reset: 'the caller broke the connection off',
  upstream_reset: 'the destination broke the connection off',
  upstream_unreachable: 'the destination could not be reached from the pod',
  timeout: 'a deadline of the data path passed',
  identity_unknown: 'the caller was not known in time',
  drained: 'the agent was stopping and the exchange did not end in time',
  overload:
    'the pod’s connections took more of the dataplane’s memory than any other pod’s, and more than there is',
};

const STEPS: Partial<Record<Outcome, readonly string[]>> = {
  malformed_request: ['fix the client: no policy can allow a message that is not valid HTTP/1.1'],
  malformed_response: ['fix the server: no policy can allow a message that is not valid HTTP/1.1'],
  upstream_unreachable: ['look at the endpoints of the destination and at NetworkPolicies between the two'],
  identity_unknown: [
    '`eastwall status` says whether the pod is known and how old the view of the cluster is',
    '`--identity-hold` is how long a connection waits for its caller to be known',
  ],
  overload: [
    'look at what the pod does: many requests that wait for a server, or a server that does not read',
    '`--max-buffered-bytes` bounds what all connections of the agent keep in memory',
  ],
  timeout: [
    '`--head-timeout`, `--first-byte-timeout` and `--idle-timeout` are the deadlines of the data path',
  ],
};

export function explain(record: FlowRecord): Explanation {
  const { outcome, reason } = record;
  if (isReason(reason) && (outcome === 'ok' || outcome === 'denied')) return explainPolicy(record, reason);
  const fault = Object.hasOwn(FAULTS, reason) ? FAULTS[reason as Fault] : null;
  const because = fault ?? (isReason(reason) ? null : reason);
  return {
    sentence: because === null || because === '' ? OUTCOMES[outcome] : `${OUTCOMES[outcome]}: ${because}`,
    steps: STEPS[outcome] ?? [],
    rule: null,
  };
}

function explainPolicy(record: FlowRecord, reason: Reason): Explanation {
  const { verdict, policy, rule } = record;
  const sentence = explainDecision({ verdict, reason, policy, rule });
  if (verdict === 'allow') return { sentence, steps: [], rule: null };
  const allowing = reason === 'no_rule_allows' ? allowingRule(record) : null;
  return { sentence, steps: stepsFor(record, reason), rule: allowing };
}

function stepsFor(record: FlowRecord, reason: Reason): string[] {
  const { policy, rule, verdict, hostUnknown } = record;
  const steps: string[] = [];
  if (reason === 'no_rule_allows')
    steps.push(`if the caller should be allowed, add a rule to policy \`${policy}\``);
  if (reason === 'denied_by_rule') steps.push(`narrow or remove rule \`${rule}\` of policy \`${policy}\``);
  if (reason === 'ambiguous_path')
    steps.push('have the client send the path in its plain form: no encoded `/`, no `..`');
  if (reason === 'unreadable_protocol')
    steps.push(
      record.destination.services.length > 0
        ? 'an enforced port has to speak HTTP; narrow the policy to ports that do'
        : 'the caller has to show what it speaks: a whole first line of HTTP, or a whole ClientHello',
    );
  if (reason === 'unreadable_protocol' && record.declaredOpaque === true)
    steps.push('its port is declared opaque, but what a policy says comes first');
  if (reason === 'rate_limited' || reason === 'concurrency_limited')
    steps.push(
      `raise the limit of rule \`${rule}\` if the caller should do as much; \`Retry-After\` says when to try again`,
    );
  if (reason === 'limits_unavailable')
    steps.push(
      '`eastwall status` says why the store of limits does not answer; `onStoreFailure: LocalShare` goes on without',
    );
  if (reason === 'quarantined')
    steps.push(
      `\`kubectl annotate pod ${record.caller?.pod ?? '<pod>'} ${QUARANTINE_ANNOTATION}-\` ends it, or on its Namespace; a quarantine by a guard ends by itself (\`--quarantine\`)`,
    );
  if (reason === 'blocked_by_guard' || reason === 'throttled_by_guard')
    steps.push(
      `\`eastwall findings -n ${record.caller?.namespace ?? ''}\` shows what guard \`${rule}\` has seen`,
      `a GuardProfile with action \`Log\` for \`${rule}\` reports without refusing`,
    );
  if (hostUnknown !== undefined)
    steps.push(`no rule by host can match, since ${HOSTS_UNKNOWN[hostUnknown]}; rules by network can`);
  if (verdict === 'would-deny')
    steps.push('the exchange passed because the policy is in mode `Audit`; `Enforce` would refuse it');
  else if (policy !== null) steps.push(`to see without refusing, set policy \`${policy}\` to mode \`Audit\``);
  return steps;
}

const isReason = (reason: string): reason is Reason => Object.hasOwn(REASONS, reason);
