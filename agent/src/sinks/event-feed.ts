import { type AgentEvent, exchangeEvent, type FindingBefore, findingEvent } from '../events/agent-event.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Finding } from '../record/finding.ts';
import type { FlowRecord } from '../record/record.ts';
import { isBlocked } from './flow-filter.ts';

/** Where events go. It keeps nobody waiting: what it has no room for it drops, and counts. */
export interface EventSink {
  accept(event: AgentEvent): void;
}

export interface EventFeedOptions {
  readonly sinks: readonly EventSink[];
  readonly clock: Clock;
  readonly perSecond: number;
  /** Hears how many events were left out in a second. */
  readonly onSuppressed: (count: number) => void;
}

/**
 * What is of interest, and who is told: blocked and would-deny exchanges, and the turns of findings. At most `perSecond`
 * events: a caller that is refused ten thousand times a second must not fill the node's disk. The records stay in the
 * flow log and in the counters.
 */
export class EventFeed {
  readonly #options: EventFeedOptions;
  #second = 0;
  #told = 0;
  #suppressed = 0;
  #suppressedEver = 0;

  constructor(options: EventFeedOptions) {
    this.#options = options;
  }

  /** Events that were left out because there were too many in their second. */
  get suppressed(): number {
    return this.#suppressedEver;
  }

  append(records: readonly FlowRecord[]): void {
    for (const record of records) {
      if (isBlocked(record) && this.#mayTell()) this.#tell(exchangeEvent(record));
    }
  }

  /** How a finding grows between its turns is for the finding log. */
  finding(finding: Finding, before: FindingBefore | null): void {
    const event = findingEvent(finding, before);
    if (event !== null && this.#mayTell()) this.#tell(event);
  }

  #tell(event: AgentEvent): void {
    for (const sink of this.#options.sinks) sink.accept(event);
  }

  #mayTell(): boolean {
    const { clock, perSecond } = this.#options;
    const second = Math.floor(clock.monotonic() / 1_000);
    if (second !== this.#second) {
      this.#second = second;
      this.#told = 0;
      this.#reportSuppressed();
    }
    if (this.#told >= perSecond) {
      this.#suppressed++;
      this.#suppressedEver++;
      return false;
    }
    this.#told++;
    return true;
  }

  #reportSuppressed(): void {
    if (this.#suppressed === 0) return;
    this.#options.onSuppressed(this.#suppressed);
    this.#suppressed = 0;
  }
}
