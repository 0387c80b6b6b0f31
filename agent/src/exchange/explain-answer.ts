import { type Decision, REASONS } from '@eastwall/policy';

/** The members of a denial's problem body: what decided, in words the caller's developer can act on. */
export function explainAnswer(decision: Decision): Readonly<Record<string, string | null>> {
  return {
    reason: decision.reason,
    detail: REASONS[decision.reason],
    policy: decision.policy,
    rule: decision.rule,
  };
}
