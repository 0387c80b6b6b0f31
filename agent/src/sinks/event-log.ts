import type { Clock } from '../kernel/clock.ts';
import type { FlowRecord } from '../record/record.ts';
import { isBlocked } from './flow-filter.ts';

/** The part of pino that is used, so that tests can read what was written. */
export interface EventWriter {
  info(event: object, message: string): void;
  warn(event: object, message: string): void;
}

/**
 * Blocked and would-deny exchanges as one JSON line each, for whoever collects the agent's output. At most `perSecond`
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
      if (isBlocked(record)) this.#write(record);
    }
  }

  #write(record: FlowRecord): void {
    const second = Math.floor(this.#clock.monotonic() / 1_000);
    if (second !== this.#second) {
      this.#second = second;
      this.#written = 0;
      this.#reportSuppressed();
    }
    if (this.#written >= this.#perSecond) {
      this.#suppressed++;
      return;
    }
    this.#written++;
    if (record.verdict === 'would-deny') this.#writer.info({ flow: record }, 'exchange would be denied');
    else this.#writer.warn({ flow: record }, 'exchange blocked');
  }

  #reportSuppressed(): void {
    if (this.#suppressed === 0) return;
    this.#writer.warn({ suppressed: this.#suppressed }, 'more blocked exchanges than are logged');
    this.#suppressed = 0;
  }
}
