import type { AgentStatus } from '../admin/agent-status.ts';
import { fetchText } from './admin-client.ts';
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
  const found: AgentStatus[] = [];
  for (const [at, answer] of (
    await Promise.all(sockets.map((socket) => fetchText(socket, '/status')))
  ).entries()) {
    if (answer.ok && answer.value.status === 200) found.push(JSON.parse(answer.value.body) as AgentStatus);
    else
      terminal.error(
        `eastwall: agent at ${sockets[at]}: ${answer.ok ? answer.value.body.trim() : answer.error}\n`,
      );
  }
  if (output === 'json') {
    terminal.out(`${JSON.stringify({ agents: found }, null, 2)}\n`);
  } else {
    const style = { paint: terminal.paint, wide: output === 'wide', now: terminal.now() };
    terminal.out(found.map((agent) => statusText(agent, style)).join('\n'));
  }
  return found.length === sockets.length ? EXIT.ok : EXIT.failed;
}
