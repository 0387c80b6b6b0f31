import { fetchText } from './admin-client.ts';
import type { Terminal } from './terminal.ts';

/** What each agent answers at `path`, parsed; of one that does not answer, the terminal is told why. */
export async function askAgents<Body>(
  sockets: readonly string[],
  path: string,
  terminal: Terminal,
): Promise<Body[]> {
  const answers = await Promise.all(sockets.map((socket) => fetchText(socket, path)));
  return answers.flatMap((answer, at) => {
    if (answer.ok && answer.value.status === 200) return [JSON.parse(answer.value.body) as Body];
    const why = answer.ok ? answer.value.body.trim() : answer.error;
    terminal.error(`eastwall: agent at ${sockets[at]}: ${why}\n`);
    return [];
  });
}
