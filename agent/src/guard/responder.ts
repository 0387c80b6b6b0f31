import type { Decision, DetectionId, GuardAction, Workload } from '@eastwall/policy';
import type { Refusal } from '../exchange/watch.ts';
import type { FindingAction } from '../record/finding.ts';
import type { FindingBook } from './finding-book.ts';
import type { Sight } from './sight.ts';

/** Who was seen at what: a finding is about that, and so is what is done. */
export interface Subject {
  readonly caller: Workload;
  /** As people know it: `shop/orders:80`, or a host. */
  readonly destination: string;
  /** `GET /orders/{orderId}`; empty where it is about no single operation. */
  readonly operation: string;
}

export interface ResponderOptions {
  readonly findings: FindingBook;
  /** Sets the caller's pod aside. */
  quarantine(uid: string, detection: DetectionId): void;
  /** Callers × operations that are throttled at a time; one more makes room for itself. */
  readonly maxThrottled: number;
}

const ACTIONS: Readonly<Record<GuardAction, FindingAction>> = {
  Off: 'log',
  Log: 'log',
  Throttle: 'throttle',
  Block: 'block',
  Quarantine: 'quarantine',
};

/** A throttled caller has one request in so many milliseconds. */
const THROTTLE_MS = 1_000;

const refused = (reason: 'blocked_by_guard' | 'throttled_by_guard', detection: DetectionId): Decision =>
  Object.freeze({ verdict: 'deny', reason, policy: null, rule: detection });

/** Does about a sight what is wanted: a finding, and perhaps a refusal. */
export class Responder {
  readonly #options: ResponderOptions;
  /** When the last request of a throttled caller at an operation passed, in monotonic ms; oldest first. */
  readonly #throttled = new Map<string, number>();

  constructor(options: ResponderOptions) {
    this.#options = options;
  }

  /** Null: the request goes on, as far as this sight is concerned. */
  respond(
    sight: Sight,
    subject: Subject,
    { action, now }: { action: GuardAction; now: number },
  ): Refusal | null {
    const { detection } = sight;
    if (action === 'Off') return null;
    this.#options.findings.note({ ...sight, ...subject, action: ACTIONS[action] });
    switch (action) {
      case 'Log':
        return null;
      case 'Throttle':
        return this.throttle(detection, subject, now);
      case 'Block':
        return block(detection);
      case 'Quarantine':
        this.#options.quarantine(subject.caller.uid, detection);
        return block(detection);
    }
  }

  /** Lets one request a second of this caller at this operation pass. */
  throttle(detection: DetectionId, subject: Subject, now: number): Refusal | null {
    const key = `${subject.caller.namespace}/${subject.caller.name} ${subject.destination} ${subject.operation}`;
    const passed = this.#throttled.get(key);
    if (passed !== undefined && now - passed < THROTTLE_MS)
      return {
        decision: refused('throttled_by_guard', detection),
        status: 429,
        retryAfterSeconds: Math.max(1, Math.ceil((THROTTLE_MS - (now - passed)) / 1_000)),
      };
    this.#throttled.delete(key);
    this.#throttled.set(key, now);
    if (this.#throttled.size > this.#options.maxThrottled) {
      const [oldest] = this.#throttled.keys();
      if (oldest !== undefined) this.#throttled.delete(oldest);
    }
    return null;
  }
}

export const block = (detection: DetectionId): Refusal => ({
  decision: refused('blocked_by_guard', detection),
  status: 403,
});
