import type { Decision, Reason, Verdict } from '../model/decision.ts';

const VERDICTS: Readonly<Record<Verdict, string>> = {
  allow: 'allowed',
  'would-deny': 'allowed, but would be denied if every Audit policy were enforced',
  deny: 'denied',
};

const BECAUSE: Readonly<Record<Reason, (policy: string, rule: string) => string>> = {
  ungoverned: () => 'no policy selects this destination',
  allowed_by_rule: (policy, rule) => `rule \`${rule}\` of policy \`${policy}\` allows it`,
  denied_by_rule: (policy, rule) => `rule \`${rule}\` of policy \`${policy}\` denies it`,
  no_rule_allows: (policy) => `policy \`${policy}\` selects this destination and no rule allows the request`,
  unreadable_protocol: () =>
    'an enforced policy selects this destination and the connection speaks nothing that it can read',
  ambiguous_path: (policy) =>
    `policy \`${policy}\` selects this destination and servers may read the path in two ways, so no rule can judge it`,
  rate_limited: (policy, rule) =>
    `rule \`${rule}\` of policy \`${policy}\` allows it, but more requests came than the rate of its limit`,
  concurrency_limited: (policy, rule) =>
    `rule \`${rule}\` of policy \`${policy}\` allows it, but as many requests as its limit takes are under way`,
  limits_unavailable: (policy, rule) =>
    `rule \`${rule}\` of policy \`${policy}\` allows it, but the state of its limit is out of reach and the limit is closed then`,
  quarantined: () => 'the caller is quarantined, so nothing that it asks for passes',
  blocked_by_guard: (_, detection) =>
    `guard \`${detection}\` refuses what this caller does here; \`eastwall findings\` shows why`,
  throttled_by_guard: (_, detection) =>
    `guard \`${detection}\` lets only some requests of this caller pass here; \`eastwall findings\` shows why`,
};

/** One sentence for the operator, without a full stop: what happened and which policy and rule decided. */
export function explainDecision(decision: Decision): string {
  const because = BECAUSE[decision.reason](decision.policy ?? '', decision.rule ?? '');
  return `${VERDICTS[decision.verdict]}: ${because}`;
}
