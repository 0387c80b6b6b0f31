import { type AgentEvent, forLeaving, type Reporter } from '../events/agent-event.ts';
import { ocsfEvent } from '../events/ocsf.ts';
import type { EventSink } from './event-feed.ts';

/** The part of pino that is used, so that tests can read what was written. */
export interface EventWriter {
  info(event: object, message: string): void;
  warn(event: object, message: string): void;
}

/** Events among the agent's own lines of log, for whoever collects its output. */
export class LogSink implements EventSink {
  readonly #writer: EventWriter;
  readonly #reporter: Reporter;

  constructor(writer: EventWriter, reporter: Reporter) {
    this.#writer = writer;
    this.#reporter = reporter;
  }

  accept(event: AgentEvent): void {
    if (event.kind === 'finding') this.#finding(event);
    else this.#exchange(event);
  }

  #exchange({ record }: Extract<AgentEvent, { kind: 'exchange' }>): void {
    const flow = forLeaving(record, this.#reporter.paths);
    if (record.verdict === 'would-deny') this.#writer.info({ flow }, 'exchange would be denied');
    else this.#writer.warn({ flow }, 'exchange blocked');
  }

  #finding({ finding, turn }: Extract<AgentEvent, { kind: 'finding' }>): void {
    if (turn === 'began') this.#writer.warn({ finding }, 'finding');
    else if (turn === 'escalated') this.#writer.warn({ finding }, 'finding: more is done about it');
    else this.#writer.info({ finding }, 'finding resolved');
  }
}

/** OCSF, one line each: the schema knows no field of a log line, so these are none. */
export class OcsfOutputSink implements EventSink {
  readonly #write: (line: string) => void;
  readonly #reporter: Reporter;

  constructor(write: (line: string) => void, reporter: Reporter) {
    this.#write = write;
    this.#reporter = reporter;
  }

  accept(event: AgentEvent): void {
    this.#write(`${JSON.stringify(ocsfEvent(event, this.#reporter))}\n`);
  }
}
