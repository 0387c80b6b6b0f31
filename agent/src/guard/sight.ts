import type { DetectionId, Severity } from '@eastwall/policy';
import type { Evidence, Sequence } from '../record/finding.ts';

/** What a guard has seen in one request; who asked whom for what is known to whoever asked the guard. */
export interface Sight {
  readonly detection: DetectionId;
  /** One sentence, without a value that somebody has sent. */
  readonly explanation: string;
  readonly evidence: Evidence;
  /** Absent: that of the detection. */
  readonly severity?: Severity;
  readonly sequence?: Sequence;
}
