import type { DetectionId } from '../detect/detections.ts';
import type { CallerSelector } from './policy.ts';

/**
 * What is done about a detection: nothing at all, a finding, or a finding and the caller's requests to that operation
 * slowed down, refused, or all of the caller's requests refused.
 */
export const GUARD_ACTIONS = ['Off', 'Log', 'Throttle', 'Block', 'Quarantine'] as const;
export type GuardAction = (typeof GUARD_ACTIONS)[number];

/** How object enumeration is told from usual work. */
export interface EnumerationSettings {
  /** A caller's requests to an operation, and the time since the first, before anything but a report is done. */
  readonly warmupRequests: number;
  readonly warmupSeconds: number;
  /** After a new image of the caller, nothing but a report is done for so long. */
  readonly rolloutSeconds: number;
  /** Distinct ids are counted, and the same id counts once, over two windows of this length. */
  readonly windowSeconds: number;
}

/** One accepted GuardProfile object: the parser's output. What it leaves out is as in `DEFAULT_GUARDS`. */
export interface GuardProfile {
  readonly name: string;
  readonly generation: number;
  /** Namespaces of the callers; absent: all that no other profile names. */
  readonly namespaces?: readonly string[];
  readonly alertBudgetPerWeek?: number;
  readonly detections?: readonly { readonly id: DetectionId; readonly action: GuardAction }[];
  readonly enumeration?: Partial<EnumerationSettings>;
  readonly adminPaths?: readonly string[];
  /** Who may ask for administrative endpoints: monitoring. */
  readonly operators?: readonly CallerSelector[];
}
