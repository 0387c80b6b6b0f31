import type { Finding } from '../record/finding.ts';
import { type Answers, askAgents, exitOf } from './fleet/ask-agents.ts';
import type { Asking } from './fleet/fleet.ts';
import { followAgents } from './fleet/follow-agents.ts';
import { findingLine, findingsTable, findingText } from './format/finding-text.ts';
import { asData, type DataFormat, type Format } from './output.ts';
import { Seen } from './seen.ts';
import { EXIT, type ExitCode, type Terminal } from './terminal.ts';

export interface FindingsOptions {
  readonly namespace?: string;
  /** Wins over `namespace`. */
  readonly allNamespaces?: boolean;
  readonly output?: Format;
}

/** `eastwall findings`: those of every agent that answers. */
export async function findings(asking: Asking, options: FindingsOptions): Promise<ExitCode> {
  const { terminal } = asking;
  const answers = await gather(asking);
  if (answers.answers.length === 0) return EXIT.failed;
  const wanted = allOf(answers).filter((finding) => isWanted(finding, options));
  terminal.out(
    (await asData({ findings: wanted, missing: answers.missing }, options.output)) ??
      findingsTable(wanted, styleOf(options, terminal)),
  );
  return exitOf(answers);
}

/** Findings whose last state is known while they are watched; a stream that begins again tells all of them anew. */
const REMEMBERED = 50_000;

/** `eastwall findings -w`: what there is, then every change, until the signal. */
export async function watchFindings(asking: Asking, options: FindingsOptions): Promise<ExitCode> {
  const { terminal } = asking;
  const seen = new Seen(REMEMBERED);
  const style = styleOf(options, terminal);
  const { stringify } = options.output === 'yaml' ? await import('yaml') : { stringify: null };
  return followAgents(asking, {
    path: () => '/findings?follow=1',
    each: (line) => {
      if (line === '') return;
      const finding = JSON.parse(line) as Finding;
      if (!isWanted(finding, options) || !seen.isNew(keyOf(finding), line)) return;
      if (options.output === 'json') terminal.out(`${line}\n`);
      else terminal.out(stringify === null ? findingLine(finding, style) : `---\n${stringify(finding)}`);
    },
  });
}

/** `eastwall findings show <id>`: whichever agent keeps it answers. */
export async function showFinding(
  asking: Asking,
  { id, output }: { readonly id: string; readonly output?: DataFormat },
): Promise<ExitCode> {
  const { terminal } = asking;
  const answers = await gather(asking);
  const finding = allOf(answers).find((kept) => kept.id === id);
  if (finding === undefined) {
    if (answers.answers.length > 0)
      terminal.error(`eastwall: no finding \`${id}\`; agents keep the last ones only (\`--finding-log\`)\n`);
    return EXIT.failed;
  }
  terminal.out((await asData(finding, output)) ?? findingText(finding, styleOf({}, terminal)));
  return EXIT.ok;
}

const gather = (asking: Asking) =>
  askAgents<{ readonly findings: Finding[] }>(asking, '/findings', ({ findings }) =>
    findingsTable(findings, styleOf({}, asking.terminal)),
  );

/** Ids are unique on a node. */
const keyOf = ({ node, id }: Finding): string => `${node} ${id}`;

/** One of each, as whoever has seen it last tells it. */
function allOf({ answers }: Answers<{ readonly findings: Finding[] }>): Finding[] {
  const byKey = new Map<string, Finding>();
  for (const finding of answers.flatMap(({ findings }) => findings)) {
    const known = byKey.get(keyOf(finding));
    if (known === undefined || known.lastSeen < finding.lastSeen) byKey.set(keyOf(finding), finding);
  }
  return [...byKey.values()];
}

const isWanted = ({ caller, destination }: Finding, { namespace, allNamespaces }: FindingsOptions): boolean =>
  namespace === undefined ||
  allNamespaces === true ||
  caller.namespace === namespace ||
  destination.startsWith(`${namespace}/`);

const styleOf = ({ output }: FindingsOptions, terminal: Terminal) => ({
  paint: terminal.paint,
  wide: output === 'wide',
  now: terminal.now(),
  columns: terminal.columns,
});
