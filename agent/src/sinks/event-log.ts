import type { Clock } from '../kernel/clock.ts';
import type { Finding } from '../record/finding.ts';
import type { FlowRecord } from '../record/record.ts';
import { isBlocked } from './flow-filter.ts';

/** The part of pino that is used, so that tests can read what was written. */
export interface EventWriter {
  info(event: object, message: string): void;
  warn(event: object, message: string): void;
}

/**
 * Blocked and would-deny exchanges, and findings, as one JSON line each, for whoever collects the agent's output. At most `perSecond`
 * lines: a caller that is refused ten thousand times a second must not fill the node's disk. The records stay in the
 * flow log and in the counters.
 */
export class EventLog {
  readonly #writer: EventWriter;
  readonly #clock: Clock;
  readonly #perSecond: number;
  #second = 0;
  #written = 0;
  #suppressed = 0;

  constructor(writer: EventWriter, clock: Clock, perSecond: number) {
    this.#writer = writer;
    this.#clock = clock;
    this.#perSecond = perSecond;
  }

  append(records: readonly FlowRecord[]): void {
    for (const record of records) {
      if (isBlocked(record) && this.#mayWrite()) this.#write(record);
    }
  }

  /** An episode has begun or is over; how it grows in between is for the finding log. */
  finding(finding: Finding): void {
    if (!this.#mayWrite()) return;
    if (finding.state === 'open') this.#writer.warn({ finding }, 'finding');
    else this.#writer.info({ finding }, 'finding resolved');
  }

  #write(record: FlowRecord): void {
    if (record.verdict === 'would-deny') this.#writer.info({ flow: record }, 'exchange would be denied');
    else this.#writer.warn({ flow: record }, 'exchange blocked');
  }

  #mayWrite(): boolean {
    const second = Math.floor(this.#clock.monotonic() / 1_000);
    if (second !== this.#second) {
      this.#second = second;
      this.#written = 0;
      this.#reportSuppressed();
    }
    if (this.#written >= this.#perSecond) {
      this.#suppressed++;
      return false;
    }
    this.#written++;
    return true;
  }

  #reportSuppressed(): void {
    if (this.#suppressed === 0) return;
    this.#writer.warn(
      { suppressed: this.#suppressed },
      'more blocked exchanges and findings than are logged',
    );
    this.#suppressed = 0;
  }
}
