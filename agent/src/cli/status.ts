import type { AgentStatus } from '../admin/agent-status.ts';
import { askAgents, exitOf } from './fleet/ask-agents.ts';
import type { Asking } from './fleet/fleet.ts';
import { statusText } from './format/status-text.ts';
import { asData, type Format } from './output.ts';
import { EXIT, type ExitCode } from './terminal.ts';

export interface StatusOptions {
  readonly output?: Format;
}

/** `eastwall status`: every agent that answers is shown. */
export async function status(asking: Asking, { output }: StatusOptions): Promise<ExitCode> {
  const { terminal } = asking;
  const style = { paint: terminal.paint, wide: output === 'wide', now: terminal.now() };
  const isData = output === 'json' || output === 'yaml';
  const found = await askAgents<AgentStatus>(asking, '/status', (agent) =>
    isData ? compare(agent, agent) : statusText(agent, style),
  );
  const { answers, missing } = found;
  if (answers.length === 0) return EXIT.failed;
  const agents = answers.toSorted(compare);
  terminal.out(
    (await asData({ agents, missing }, output)) ?? agents.map((agent) => statusText(agent, style)).join('\n'),
  );
  return exitOf(found);
}

const compare = (a: AgentStatus, b: AgentStatus): number =>
  a.node.localeCompare(b.node) || a.startedAt - b.startedAt;
