import type { Finding } from '../record/finding.ts';
import { followLines } from './admin-client.ts';
import { askAgents } from './ask-agents.ts';
import { findingLine, findingsTable, findingText } from './format/finding-text.ts';
import { EXIT, type ExitCode, type Terminal } from './terminal.ts';

export interface FindingsOptions {
  readonly namespace?: string;
  readonly output?: 'wide' | 'json';
}

/** `eastwall findings`: those of every agent that answers; one that does not makes the command fail. */
export async function findings(
  sockets: readonly string[],
  options: FindingsOptions,
  terminal: Terminal,
): Promise<ExitCode> {
  const { found, complete } = await gather(sockets, terminal);
  const wanted = found.filter((finding) => isWanted(finding, options));
  terminal.out(
    options.output === 'json'
      ? `${JSON.stringify({ findings: wanted }, null, 2)}\n`
      : findingsTable(wanted, styleOf(options, terminal)),
  );
  return complete ? EXIT.ok : EXIT.failed;
}

/** `eastwall findings -w`: what there is, then every change, until `signal`. */
export async function watchFindings(
  sockets: readonly string[],
  options: FindingsOptions,
  { terminal, signal }: { readonly terminal: Terminal; readonly signal: AbortSignal },
): Promise<ExitCode> {
  const each = (line: string) => {
    const finding = JSON.parse(line) as Finding;
    if (!isWanted(finding, options)) return;
    terminal.out(options.output === 'json' ? `${line}\n` : findingLine(finding, styleOf(options, terminal)));
  };
  const ends = await Promise.all(
    sockets.map(async (socket) => {
      const end = await followLines(socket, '/findings?follow=1', { each, signal });
      if (!end.ok) terminal.error(`eastwall: agent at ${socket}: ${end.error}\n`);
      return end.ok;
    }),
  );
  return ends.every(Boolean) ? EXIT.ok : EXIT.failed;
}

/** `eastwall findings show <id>`: whichever agent keeps it answers. */
export async function showFinding(
  sockets: readonly string[],
  { id, output }: { readonly id: string; readonly output?: 'json' },
  terminal: Terminal,
): Promise<ExitCode> {
  const { found } = await gather(sockets, terminal);
  const finding = found.find((kept) => kept.id === id);
  if (finding === undefined) {
    terminal.error(`eastwall: no finding \`${id}\`; agents keep the last ones only (\`--finding-log\`)\n`);
    return EXIT.failed;
  }
  terminal.out(
    output === 'json' ? `${JSON.stringify(finding, null, 2)}\n` : findingText(finding, styleOf({}, terminal)),
  );
  return EXIT.ok;
}

async function gather(sockets: readonly string[], terminal: Terminal) {
  const answers = await askAgents<{ readonly findings: Finding[] }>(sockets, '/findings', terminal);
  return { found: answers.flatMap(({ findings }) => findings), complete: answers.length === sockets.length };
}

const isWanted = ({ caller, destination }: Finding, { namespace }: FindingsOptions): boolean =>
  namespace === undefined || caller.namespace === namespace || destination.startsWith(`${namespace}/`);

const styleOf = ({ output }: FindingsOptions, terminal: Terminal) => ({
  paint: terminal.paint,
  wide: output === 'wide',
  now: terminal.now(),
});
