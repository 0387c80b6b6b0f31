import type { FlowLine } from '../admin/flow-stream.ts';
import { parseLabelSelector } from '../kernel/label-selector.ts';
import { ok } from '../kernel/result.ts';
import type { FlowRecord } from '../record/record.ts';
import { followLines } from './fleet/admin-client.ts';
import { eachAgent, exitOf } from './fleet/ask-agents.ts';
import type { Asking } from './fleet/fleet.ts';
import { followAgents } from './fleet/follow-agents.ts';
import { FlowLines } from './format/flow-line.ts';
import { visible } from './format/text.ts';
import { MergedFlows } from './merged-flows.ts';
import type { Format } from './output.ts';
import { Seen } from './seen.ts';
import { parseSince } from './since.ts';
import { EXIT, type ExitCode, type Terminal } from './terminal.ts';

export interface TailOptions {
  readonly all?: boolean;
  readonly from?: string;
  readonly fromLabels?: string;
  readonly to?: string;
  readonly toLabels?: string;
  readonly namespace?: string;
  /** Wins over `namespace`. */
  readonly allNamespaces?: boolean;
  readonly since?: string;
  /** False ends after the records that are kept. */
  readonly follow: boolean;
  readonly json?: boolean;
  readonly output?: Format;
}

/** `eastwall tail`: the records of all agents until the signal, in the order of their time as far as possible. */
export async function tail(asking: Asking, options: TailOptions): Promise<ExitCode> {
  const since = sinceOf(options, asking.terminal);
  if (since === 'invalid') return EXIT.usage;
  for (const [flag, selector] of [
    ['from', options.fromLabels],
    ['to', options.toLabels],
  ]) {
    const labels = parseLabelSelector(selector ?? '');
    if (labels.ok) continue;
    asking.terminal.error(`eastwall: --${flag}-labels: ${labels.error}\n`);
    return EXIT.usage;
  }
  const merged = new MergedFlows(await shower(options, asking.terminal));
  const streams = new FlowStreams(merged, asking.terminal);
  if (options.follow) {
    const code = await followAgents(asking, {
      path: (agent, again) => pathOf(options, again ? streams.resumeAt(agent, since) : since),
      each: (line, agent) => streams.line(line, agent),
      begun: (agents) => merged.begun(agents),
    });
    merged.end();
    return code;
  }
  const answers = await eachAgent(asking, (link, signal) =>
    followLines(link, pathOf(options, since), {
      each: (line) => streams.line(line, link.name),
      opening: signal,
      signal,
    }).then((end) => (end.ok ? ok(link.name) : end)),
  );
  merged.end();
  if (answers.answers.length > 0 && streams.empty) asking.terminal.error(nothingOf(options));
  return exitOf(answers);
}

const nothingOf = ({ all }: TailOptions): string =>
  all
    ? 'eastwall: no such records are kept\n'
    : 'eastwall: nothing is kept that was blocked, or would be; `--all` shows what is allowed, too, while it runs\n';

async function shower(
  { json, output }: TailOptions,
  terminal: Terminal,
): Promise<(record: FlowRecord) => void> {
  if (json || output === 'json') return (record) => terminal.out(`${JSON.stringify(record)}\n`);
  if (output === 'yaml') {
    const { stringify } = await import('yaml');
    return (record) => terminal.out(`---\n${stringify(record)}`);
  }
  const lines = new FlowLines(terminal.paint, output === 'wide');
  return (record) => terminal.out(`${lineOf(lines, record)}\n`);
}

/** What is not understood, as of an agent of another version, is shown as it came. */
function lineOf(lines: FlowLines, record: FlowRecord): string {
  try {
    return lines.format(record);
  } catch {
    return visible(JSON.stringify(record));
  }
}

/** A record is kept when its exchange has ended, and has the time of its beginning: so far back one may be missing. */
const OVERLAP_MS = 60_000;
/** Records that are recognised where a stream that was taken up again brings them a second time. */
const REMEMBERED = 50_000;

/** What comes from agents, each of which may begin again. */
class FlowStreams {
  readonly #merged: MergedFlows;
  readonly #terminal: Terminal;
  readonly #seen = new Seen(REMEMBERED);
  /** By the clock of the agent. */
  readonly #times = new Map<string, { readonly first: number; last: number }>();

  constructor(merged: MergedFlows, terminal: Terminal) {
    this.#merged = merged;
    this.#terminal = terminal;
  }

  line(line: string, agent: string): void {
    if (line === '') return;
    const parsed = JSON.parse(line) as FlowLine;
    if ('dropped' in parsed) {
      this.#terminal.error(`eastwall: ${parsed.dropped} records were lost here, this reader is too slow\n`);
      return;
    }
    const times = this.#times.get(agent);
    if (times === undefined) this.#times.set(agent, { first: parsed.time, last: parsed.time });
    else times.last = Math.max(times.last, parsed.time);
    if (this.#seen.isNew(parsed.id)) this.#merged.add(parsed);
  }

  get empty(): boolean {
    return this.#times.size === 0;
  }

  /** From where to ask an agent again; where nothing has come, as at first. */
  resumeAt(agent: string, since: number | null): number | null {
    const times = this.#times.get(agent);
    return times === undefined ? since : Math.max(times.first, times.last - OVERLAP_MS);
  }
}

function sinceOf({ since, follow }: TailOptions, terminal: Terminal): number | null | 'invalid' {
  if (since === undefined) return follow ? null : 0;
  const parsed = parseSince(since, terminal.now());
  if (parsed.ok) return parsed.value;
  terminal.error(`eastwall: --since=${since} (${parsed.error})\n`);
  return 'invalid';
}

function pathOf(options: TailOptions, since: number | null): string {
  const { all, from, fromLabels, to, toLabels, namespace, allNamespaces, follow } = options;
  const parameters = new URLSearchParams();
  if (all) parameters.set('all', '1');
  if (from !== undefined) parameters.set('from', from);
  if (fromLabels) parameters.set('fromLabels', fromLabels);
  if (to !== undefined) parameters.set('to', to);
  if (toLabels) parameters.set('toLabels', toLabels);
  if (namespace !== undefined && !allNamespaces) parameters.set('namespace', namespace);
  if (since !== null) parameters.set('since', `${since}`);
  if (!follow) parameters.set('follow', '0');
  return `/flows?${parameters}`;
}
