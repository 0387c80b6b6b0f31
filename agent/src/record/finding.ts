import type { DetectionId, Severity } from '@eastwall/policy';

/** What was done about it, the strictest of an episode. */
export const FINDING_ACTIONS = ['log', 'throttle', 'block', 'quarantine'] as const;
export type FindingAction = (typeof FINDING_ACTIONS)[number];

/** Facts that led to it: counts, rates and words of our own. Never a value that a caller or a service has sent. */
export type Evidence = Readonly<Record<string, number | string | boolean>>;

/** What `eastwall findings show` draws: one bar per step of time, oldest first. */
export interface Sequence {
  /** What the bars count: `ids`, `calls`, `KiB`. */
  readonly unit: string;
  /** Milliseconds per bar. */
  readonly stepMs: number;
  readonly values: readonly number[];
  /** How many of each bar stand out: unexplained ids. Empty where that has no meaning. */
  readonly marked: readonly number[];
  /** What is usual per step, and where it becomes an alarm; null where there is no such line. */
  readonly baseline: number | null;
  readonly threshold: number | null;
}

/** Who a finding is about. `pod` is the last one that was seen at it. */
export interface FindingCaller {
  readonly namespace: string;
  readonly kind: string;
  readonly name: string;
  readonly serviceAccount: string;
  readonly pod: string;
}

/**
 * An episode of one detection: one caller at one operation, from the first sign until it has been quiet for a while.
 * Told again, under the same id, whenever it has grown.
 */
export interface Finding {
  readonly id: string;
  readonly detection: DetectionId;
  readonly severity: Severity;
  readonly state: 'open' | 'resolved';
  readonly node: string;
  readonly caller: FindingCaller;
  /** Service port, or host: `shop/orders:80`. */
  readonly destination: string;
  /** `GET /orders/{orderId}`; empty when it is about no single operation. */
  readonly operation: string;
  /** Milliseconds since the epoch. */
  readonly firstSeen: number;
  readonly lastSeen: number;
  /** Requests, or other signs, that belong to it. */
  readonly count: number;
  readonly explanation: string;
  readonly evidence: Evidence;
  readonly action: FindingAction;
  /** The last of its exchanges that a record is kept of; empty without one. */
  readonly decisionId: string;
  readonly sequence?: Sequence;
}
