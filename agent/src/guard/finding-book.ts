import { DETECTIONS, type DetectionId, type Severity, type Workload } from '@eastwall/policy';
import type { Clock } from '../kernel/clock.ts';
import {
  type Evidence,
  FINDING_ACTIONS,
  type Finding,
  type FindingAction,
  type Sequence,
} from '../record/finding.ts';

/** One sign of something, as a guard tells it. */
export interface Sign {
  readonly detection: DetectionId;
  readonly caller: Workload;
  readonly destination: string;
  readonly operation: string;
  /** One sentence; the newest one stays. */
  readonly explanation: string;
  readonly evidence: Evidence;
  /** Absent: that of the detection. */
  readonly severity?: Severity;
  readonly action?: FindingAction;
  readonly decisionId?: string;
  readonly sequence?: Sequence;
}

export interface FindingBookOptions {
  readonly node: string;
  readonly clock: Clock;
  newId(): string;
  /** Episodes that are open at a time; more are counted and dropped. */
  readonly maxOpen: number;
  /** An episode is over when there was no sign for so long, in ms. */
  readonly quietMs: number;
}

interface Episode {
  finding: Finding;
  /** When there was the last sign, in monotonic ms: a clock that is set must not end or draw out an episode. */
  signAt: number;
  dirty: boolean;
}

/**
 * Turns signs into episodes: one per detection, caller and operation, however many requests show it, so that an attack
 * is one alert and not ten thousand.
 */
export class FindingBook {
  #dropped = 0;
  readonly #options: FindingBookOptions;
  readonly #open = new Map<string, Episode>();

  constructor(options: FindingBookOptions) {
    this.#options = options;
  }

  /** How many episodes are open. */
  get size(): number {
    return this.#open.size;
  }

  /** How many signs there was no room for since the last call. */
  takeDropped(): number {
    const dropped = this.#dropped;
    this.#dropped = 0;
    return dropped;
  }

  /** Takes a sign in. Returns the finding it belongs to; null when there is no room for one more. */
  note(sign: Sign): Finding | null {
    const { clock } = this.#options;
    const key = keyOf(sign);
    const episode = this.#open.get(key);
    if (episode !== undefined) {
      episode.finding = grown(episode.finding, sign, clock.now());
      episode.signAt = clock.monotonic();
      episode.dirty = true;
      return episode.finding;
    }
    if (this.#open.size >= this.#options.maxOpen) {
      this.#dropped++;
      return null;
    }
    const finding = this.#begin(sign);
    this.#open.set(key, { finding, signAt: clock.monotonic(), dirty: true });
    return finding;
  }

  /** What has changed since the last call; episodes that have been quiet for long are resolved, and told a last time. */
  drain(): Finding[] {
    const { clock, quietMs } = this.#options;
    const now = clock.monotonic();
    const changed: Finding[] = [];
    for (const [key, episode] of this.#open) {
      if (now - episode.signAt >= quietMs) {
        this.#open.delete(key);
        changed.push({ ...episode.finding, state: 'resolved' });
      } else if (episode.dirty) {
        episode.dirty = false;
        changed.push(episode.finding);
      }
    }
    return changed;
  }

  #begin(sign: Sign): Finding {
    const now = this.#options.clock.now();
    const { namespace, kind, name, serviceAccount, pod } = sign.caller;
    return {
      id: this.#options.newId(),
      detection: sign.detection,
      severity: sign.severity ?? DETECTIONS[sign.detection].severity,
      state: 'open',
      node: this.#options.node,
      caller: { namespace, kind, name, serviceAccount, pod },
      destination: sign.destination,
      operation: sign.operation,
      firstSeen: now,
      lastSeen: now,
      count: 1,
      explanation: sign.explanation,
      evidence: sign.evidence,
      action: sign.action ?? 'log',
      decisionId: sign.decisionId ?? '',
      ...(sign.sequence !== undefined && { sequence: sign.sequence }),
    };
  }
}

function grown(finding: Finding, sign: Sign, now: number): Finding {
  return {
    ...finding,
    caller: { ...finding.caller, pod: sign.caller.pod },
    lastSeen: now,
    count: finding.count + 1,
    explanation: sign.explanation,
    evidence: sign.evidence,
    action: stricter(finding.action, sign.action ?? 'log'),
    decisionId: sign.decisionId ?? finding.decisionId,
    ...(sign.sequence !== undefined && { sequence: sign.sequence }),
  };
}

const stricter = (a: FindingAction, b: FindingAction): FindingAction =>
  FINDING_ACTIONS.indexOf(a) >= FINDING_ACTIONS.indexOf(b) ? a : b;

/** Parts can't hold the separator: names are DNS labels, and an operation is the last. */
const keyOf = ({ detection, caller, destination, operation }: Sign): string =>
  `${detection} ${caller.namespace} ${caller.kind} ${caller.name} ${destination} ${operation}`;
