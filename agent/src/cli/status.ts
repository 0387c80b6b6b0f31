import type { AgentStatus } from '../admin/agent-status.ts';
import { askAgents } from './ask-agents.ts';
import { statusText } from './format/status-text.ts';
import { EXIT, type ExitCode, type Terminal } from './terminal.ts';

export interface StatusOptions {
  readonly output: 'text' | 'wide' | 'json';
}

/** `eastwall status`: every agent that answers is shown, and one that does not makes the command fail. */
export async function status(
  sockets: readonly string[],
  { output }: StatusOptions,
  terminal: Terminal,
): Promise<ExitCode> {
  const found = await askAgents<AgentStatus>(sockets, '/status', terminal);
  if (output === 'json') {
    terminal.out(`${JSON.stringify({ agents: found }, null, 2)}\n`);
  } else {
    const style = { paint: terminal.paint, wide: output === 'wide', now: terminal.now() };
    terminal.out(found.map((agent) => statusText(agent, style)).join('\n'));
  }
  return found.length === sockets.length ? EXIT.ok : EXIT.failed;
}
