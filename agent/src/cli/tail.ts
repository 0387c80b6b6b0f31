import type { FlowLine } from '../admin/flow-stream.ts';
import type { FlowRecord } from '../record/record.ts';
import { followLines } from './admin-client.ts';
import { FlowLines } from './format/flow-line.ts';
import { MergedFlows } from './merged-flows.ts';
import { parseSince } from './since.ts';
import { EXIT, type ExitCode, type Terminal } from './terminal.ts';

export interface TailOptions {
  readonly all?: boolean;
  readonly from?: string;
  readonly to?: string;
  readonly namespace?: string;
  readonly since?: string;
  /** False ends after the records that are kept. */
  readonly follow: boolean;
  readonly json?: boolean;
}

/** `eastwall tail`: the records of all given agents until `signal`, in the order of their time as far as possible. */
export async function tail(
  sockets: readonly string[],
  options: TailOptions,
  { terminal, signal }: { readonly terminal: Terminal; readonly signal: AbortSignal },
): Promise<ExitCode> {
  const since = sinceOf(options, terminal);
  if (since === 'invalid') return EXIT.usage;
  const path = `/flows?${queryOf(options, since)}`;
  const lines = new FlowLines(terminal.paint);
  const show = (record: FlowRecord) =>
    terminal.out(options.json ? `${JSON.stringify(record)}\n` : `${lines.format(record)}\n`);
  const merged = new MergedFlows(sockets.length, show);
  const each = (line: string) => {
    const parsed = JSON.parse(line) as FlowLine;
    if ('dropped' in parsed)
      terminal.error(`eastwall: ${parsed.dropped} records were lost here, this reader is too slow\n`);
    else merged.add(parsed);
  };
  const ended = await Promise.all(
    sockets.map(async (socket) => {
      const end = await followLines(socket, path, { each, signal });
      if (!end.ok) terminal.error(`eastwall: agent at ${socket}: ${end.error}\n`);
      return end.ok;
    }),
  );
  merged.end();
  return ended.every(Boolean) ? EXIT.ok : EXIT.failed;
}

function sinceOf({ since, follow }: TailOptions, terminal: Terminal): number | null | 'invalid' {
  if (since === undefined) return follow ? null : 0;
  const parsed = parseSince(since, terminal.now());
  if (parsed.ok) return parsed.value;
  terminal.error(`eastwall: --since=${since} (${parsed.error})\n`);
  return 'invalid';
}

function queryOf({ all, from, to, namespace, follow }: TailOptions, since: number | null): string {
  const parameters = new URLSearchParams();
  if (all) parameters.set('all', '1');
  if (from !== undefined) parameters.set('from', from);
  if (to !== undefined) parameters.set('to', to);
  if (namespace !== undefined) parameters.set('namespace', namespace);
  if (since !== null) parameters.set('since', `${since}`);
  if (!follow) parameters.set('follow', '0');
  return parameters.toString();
}
