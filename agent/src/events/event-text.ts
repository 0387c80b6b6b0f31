import { type AgentEvent, forLeaving, type Reporter } from './agent-event.ts';
import { ocsfEvent } from './ocsf.ts';

export type EventFormat = 'eastwall' | 'ocsf';

/** An event as one line of JSON. */
export const eventText = (event: AgentEvent, format: EventFormat, reporter: Reporter): string =>
  JSON.stringify(format === 'ocsf' ? ocsfEvent(event, reporter) : ownEvent(event, reporter));

/** In our own words: the records as the command line shows them. */
function ownEvent(event: AgentEvent, reporter: Reporter): object {
  const { uid } = event;
  if (event.kind === 'exchange') return { uid, flow: forLeaving(event.record, reporter.paths) };
  return { uid, turn: event.turn, finding: event.finding };
}
