import { type Json, textAt } from '../identity/json.ts';

/** Whether an object is used, as Kubernetes conditions say it. It depends on the object alone, never on the node. */
export interface Acceptance {
  readonly accepted: boolean;
  /** One CamelCase word. */
  readonly reason: 'Accepted' | 'Invalid' | 'TooManyPolicies';
  readonly message: string;
}

const TYPE = 'Accepted';

export const acceptedAmong = (conditions: readonly Json[]): Json | undefined =>
  conditions.find((condition) => textAt(condition, 'type') === TYPE);

/** Whether the object's status already says so, for this generation. */
export function alreadySays(
  conditions: readonly Json[],
  generation: number,
  acceptance: Acceptance,
): boolean {
  const now = acceptedAmong(conditions);
  return (
    now !== undefined &&
    textAt(now, 'status') === statusOf(acceptance) &&
    textAt(now, 'reason') === acceptance.reason &&
    textAt(now, 'message') === acceptance.message &&
    now['observedGeneration'] === generation
  );
}

/** The whole list of conditions with ours in it; `lastTransitionTime` moves only when the status does. */
export function withAcceptance(
  conditions: readonly Json[],
  acceptance: Acceptance,
  at: { readonly generation: number; readonly now: number },
): Json[] {
  const before = acceptedAmong(conditions);
  const status = statusOf(acceptance);
  const since =
    before !== undefined && textAt(before, 'status') === status ? textAt(before, 'lastTransitionTime') : '';
  const condition: Json = {
    type: TYPE,
    status,
    observedGeneration: at.generation,
    lastTransitionTime: since || timestamp(at.now),
    reason: acceptance.reason,
    message: acceptance.message,
  };
  return [...conditions.filter((other) => other !== before), condition];
}

const statusOf = (acceptance: Acceptance): string => (acceptance.accepted ? 'True' : 'False');

/** `metav1.Time` has whole seconds. */
const timestamp = (now: number): string => new Date(now).toISOString().replace(/\.\d+Z$/, 'Z');
