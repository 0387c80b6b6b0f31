import { explainDecision, parseTemplate, REASONS, type Reason, type SEGMENT_TYPES } from '@eastwall/policy';
import { FAULTS, type Fault } from '../http/fault.ts';
import type { FlowRecord, Outcome } from '../record/record.ts';

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
};

const STEPS: Partial<Record<Outcome, readonly string[]>> = {
  malformed_request: ['fix the client: no policy can allow a message that is not valid HTTP/1.1'],
  malformed_response: ['fix the server: no policy can allow a message that is not valid HTTP/1.1'],
  upstream_unreachable: ['look at the endpoints of the destination and at NetworkPolicies between the two'],
  identity_unknown: [
    '`eastwall status` says whether the pod is known and how old the view of the cluster is',
    '`--identity-hold` is how long a connection waits for its caller to be known',
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

function stepsFor({ policy, rule, verdict }: FlowRecord, reason: Reason): string[] {
  const steps: string[] = [];
  if (reason === 'no_rule_allows')
    steps.push(`if the caller should be allowed, add a rule to policy \`${policy}\``);
  if (reason === 'denied_by_rule') steps.push(`narrow or remove rule \`${rule}\` of policy \`${policy}\``);
  if (reason === 'ambiguous_path')
    steps.push('have the client send the path in its plain form: no encoded `/`, no `..`');
  if (reason === 'unreadable_protocol')
    steps.push('an enforced port has to speak HTTP/1.1; narrow the policy to ports that do');
  if (verdict === 'would-deny')
    steps.push('the exchange passed because the policy is in mode `Audit`; `Enforce` would refuse it');
  else if (policy !== null) steps.push(`to see without refusing, set policy \`${policy}\` to mode \`Audit\``);
  return steps;
}

/** The narrowest rule that says what was seen: this service account, this method, this path with its ids as types. */
function allowingRule({ caller, method, path }: FlowRecord): string | null {
  if (caller === null || method === '') return null;
  const template = templateOf(path);
  const operation = template === null ? `methods: [${method}]` : `methods: [${method}], path: '${template}'`;
  return [
    `- name: allow-${caller.name}`,
    '  action: Allow',
    `  from: [{ serviceAccount: ${caller.namespace}/${caller.serviceAccount} }]`,
    `  to: [{ ${operation} }]`,
  ].join('\n');
}

/** Null when the path holds what no template can say. */
function templateOf(path: string): string | null {
  let ids = 0;
  const typed = path.split('/').map((segment) => {
    const type = TYPED.find(({ pattern }) => pattern.test(segment))?.type;
    if (type === undefined) return segment;
    ids++;
    return ids === 1 ? `{id:${type}}` : `{id${ids}:${type}}`;
  });
  const template = typed.join('/');
  return !template.includes("'") && parseTemplate(template).ok ? template : null;
}

/** Segments that name one thing out of many, by the types that templates have. */
const TYPED: readonly { readonly type: keyof typeof SEGMENT_TYPES; readonly pattern: RegExp }[] = [
  { type: 'int', pattern: /^\d{1,20}$/ },
  { type: 'uuid', pattern: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i },
];

const isReason = (reason: string): reason is Reason => Object.hasOwn(REASONS, reason);
