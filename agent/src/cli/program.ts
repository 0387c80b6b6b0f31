import { Command, Option } from 'commander';
import { flagOf, SETTING_NAMES, SETTINGS, variableOf } from '../config/table.ts';
import { findSockets } from './agent-sockets.ts';
import type { ApisOptions } from './apis.ts';
import type { FindingsOptions } from './findings.ts';
import { defaultStateDir } from './state-dir.ts';
import type { TailOptions } from './tail.ts';
import { EXIT, type ExitCode, processTerminal, type Terminal } from './terminal.ts';

/** What the actions of the commands leave for `main.ts` to exit with. */
export interface Outcome {
  code: ExitCode;
}

interface Reader {
  readonly terminal: Terminal;
  readonly sockets: readonly string[];
  /** Ends with Ctrl-C. */
  readonly signal: AbortSignal;
}

const OUTPUTS = ['wide', 'json'] as const;

/** The command line without `sandbox`, which `main.ts` adds when it is asked for. Actions load what they need. */
export function buildProgram(outcome: Outcome): Command {
  const program = new Command('eastwall')
    .description('stops API abuse inside Kubernetes: who calls what, decided at the caller’s node')
    .showHelpAfterError('(`--help` shows what there is)')
    .enablePositionalOptions()
    // Before the commands are made: they inherit it.
    .exitOverride();
  addTail(program, outcome);
  addStatus(program, outcome);
  addExplain(program, outcome);
  addApis(program, outcome);
  addFindings(program, outcome);
  addAgent(program, outcome);
  addPreflight(program, outcome);
  program
    .command('version')
    .description('print the version')
    .action(async () => {
      const { readVersion } = await import('../config/version.ts');
      process.stdout.write(`eastwall ${readVersion()}\n`);
    });
  return program;
}

function addTail(program: Command, outcome: Outcome): void {
  withSockets(program.command('tail'))
    .description('follow what is blocked, or would be')
    .option('--all', 'everything, not only what is blocked or would be')
    .option('--from <caller>', 'only from this workload: `name`, `namespace/name` or `namespace/`')
    .option(
      '--to <destination>',
      'only to this service: `name`, `namespace/name` or `namespace/`; or a host or an IP address',
    )
    .option('-n, --namespace <name>', 'only with caller or destination in this namespace')
    .option('--since <when>', 'what is kept first, from a duration ago (`5m`) or a time (RFC 3339) on')
    .option('--no-follow', 'end after what is kept')
    .option('--json', 'one JSON object per line')
    .action(async (options: TailOptions & SocketOptions) => {
      const { tail } = await import('./tail.ts');
      outcome.code = await withAgents(options, ({ sockets, terminal, signal }) =>
        tail(sockets, options, { terminal, signal }),
      );
    });
}

function addStatus(program: Command, outcome: Outcome): void {
  withSockets(program.command('status'))
    .description('pods enrolled and not, policies, processes: what is covered and what is not')
    .addOption(new Option('-o, --output <format>', 'more columns, or JSON').choices(OUTPUTS))
    .action(async (options: SocketOptions & { output?: 'wide' | 'json' }) => {
      const { status } = await import('./status.ts');
      outcome.code = await withAgents(options, ({ sockets, terminal }) =>
        status(sockets, { output: options.output ?? 'text' }, terminal),
      );
    });
}

function addExplain(program: Command, outcome: Outcome): void {
  withSockets(program.command('explain'))
    .description('say why an exchange was decided as it was')
    .argument('<id>', 'decision id: from the error body, the header `eastwall-decision` or `tail`')
    .addOption(new Option('-o, --output <format>', 'JSON instead of text').choices(['json']))
    .action(async (id: string, options: SocketOptions & { output?: 'json' }) => {
      const { explain } = await import('./explain.ts');
      outcome.code = await withAgents(options, ({ sockets, terminal }) =>
        explain(sockets, { id, output: options.output ?? 'text' }, terminal),
      );
    });
}

function addApis(program: Command, outcome: Outcome): void {
  withSockets(program.command('apis'))
    .description('operations that pods call, as their traffic shows them: callers, counts, statuses')
    .option('-n, --namespace <name>', 'only of services in this namespace')
    .option(
      '-A, --all-namespaces',
      'of all namespaces and of hosts outside of the cluster; this is the default',
    )
    .option('--for <service>', 'only of this service: `name`, `namespace/name` or `namespace/`; or of a host')
    .addOption(
      new Option('-o, --output <format>', 'more columns, JSON or YAML').choices([...OUTPUTS, 'yaml']),
    )
    .action(async (options: ApisOptions & SocketOptions) => {
      const { apis } = await import('./apis.ts');
      outcome.code = await withAgents(options, ({ sockets, terminal }) => apis(sockets, options, terminal));
    });
}

function addFindings(program: Command, outcome: Outcome): void {
  const command = withSockets(program.command('findings'))
    .description('what the guards have noticed: enumeration, misuse of credentials, anomalies')
    .option('-n, --namespace <name>', 'only with caller or destination in this namespace')
    .option('-w, --watch', 'what there is, then every change')
    .addOption(new Option('-o, --output <format>', 'more columns, or JSON').choices(OUTPUTS))
    .action(async ({ watch, ...options }: FindingsOptions & SocketOptions & { watch?: boolean }) => {
      const { findings, watchFindings } = await import('./findings.ts');
      outcome.code = await withAgents(options, ({ sockets, terminal, signal }) =>
        watch ? watchFindings(sockets, options, { terminal, signal }) : findings(sockets, options, terminal),
      );
    });
  withSockets(command.command('show'))
    .description('one finding: its sequence over time, evidence, what it means and what to do')
    .argument('<id>', 'id of the finding')
    .addOption(new Option('-o, --output <format>', 'JSON instead of text').choices(['json']))
    .action(async (id: string, options: SocketOptions & { output?: 'json' }) => {
      const { showFinding } = await import('./findings.ts');
      outcome.code = await withAgents(options, ({ sockets, terminal }) =>
        showFinding(sockets, { id, ...options }, terminal),
      );
    });
}

function addAgent(program: Command, outcome: Outcome): void {
  const command = withSettings(program.command('agent')).description('run the agent of this node');
  command.action(async (_: object, own: Command) => {
    const { runAgent } = await import('./agent.ts');
    outcome.code = await runAgent(flagsOf(own));
  });
}

function addPreflight(program: Command, outcome: Outcome): void {
  const command = withSettings(program.command('preflight'))
    .description('check that this node has what an agent with the same settings needs, and say what to do')
    .addOption(new Option('-o, --output <format>', 'JSON instead of text').choices(['json']));
  command.action(async ({ output }: { output?: 'json' }, own: Command) => {
    const { preflight } = await import('./preflight.ts');
    outcome.code = await preflight(flagsOf(own), output ?? 'text', processTerminal());
  });
}

function withSettings(command: Command): Command {
  for (const name of SETTING_NAMES) {
    const { form, doc, fallback } = SETTINGS[name];
    const shown = fallback === '' ? '' : ` (default: ${fallback})`;
    command.option(`--${flagOf(name)} <${form}>`, `${doc} [${variableOf(name)}]${shown}`);
  }
  return command;
}

/** Flags as they were written, by their own names and not by commander's camel case. */
function flagsOf(command: Command): Record<string, string | undefined> {
  const values = command.opts<Record<string, string | undefined>>();
  return Object.fromEntries(command.options.map((option) => [option.name(), values[option.attributeName()]]));
}

interface SocketOptions {
  readonly socket: readonly string[];
}

function withSockets(command: Command): Command {
  return command.option(
    '--socket <path>',
    'admin socket of an agent, repeatable; else EASTWALL_SOCKET, the node’s own, or those of your sandbox',
    (path: string, given: readonly string[]) => [...given, path],
    [],
  );
}

async function withAgents(
  { socket }: SocketOptions,
  read: (reader: Reader) => Promise<ExitCode>,
): Promise<ExitCode> {
  const terminal = processTerminal();
  const sandboxDir = defaultStateDir(process.env);
  const sockets = findSockets({ given: socket, env: process.env, sandboxDir });
  if (sockets.length === 0) {
    terminal.error(
      `eastwall: no agent here: nothing at /run/eastwall and no running sandbox in ${sandboxDir}; \`--socket\` names one\n`,
    );
    return EXIT.failed;
  }
  const ending = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => ending.abort());
  return read({ terminal, sockets, signal: ending.signal });
}
