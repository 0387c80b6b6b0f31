import type { AgentEvent, Reporter } from './agent-event.ts';
import { detectionFinding } from './ocsf-finding.ts';
import { networkEvent } from './ocsf-network.ts';
import type { OcsfEvent } from './ocsf-types.ts';

/** An event in the words of the Open Cybersecurity Schema Framework, for a SIEM. */
export const ocsfEvent = (event: AgentEvent, reporter: Reporter): OcsfEvent =>
  event.kind === 'exchange' ? networkEvent(event, reporter) : detectionFinding(event, reporter);
