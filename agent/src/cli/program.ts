import { Argument, Command, Option } from 'commander';
import { flagOf, SETTING_NAMES, SETTINGS, variableOf } from '../config/table.ts';
import { readVersion } from '../config/version.ts';
import type { ApisOptions } from './apis.ts';
import { COMPLETE, SHELLS, type Shell } from './completion/shells.ts';
import type { FindingsOptions } from './findings.ts';
import { type AgentFlags, askWith, type KubeFlags, withAgents, withKube } from './fleet/fleet-options.ts';
import type { DataFormat, Format } from './output.ts';
import type { QuarantineOptions } from './quarantine.ts';
import type { TailOptions } from './tail.ts';
import { type ExitCode, processTerminal } from './terminal.ts';

/** What the actions of the commands leave for `main.ts` to exit with. */
export interface Outcome {
  code: ExitCode;
}

const FORMATS = ['wide', 'json', 'yaml'] as const;
const DATA_FORMATS = ['json', 'yaml'] as const;

/** The command line without `sandbox`, which `main.ts` adds when it is asked for. Actions load what they need. */
export function buildProgram(outcome: Outcome): Command {
  const program = new Command('eastwall')
    .description('stops API abuse inside Kubernetes: who calls what, decided at the caller’s node')
    .version(versionText(), '-V, --version', 'print the version')
    .showHelpAfterError('(`--help` shows what there is)')
    .enablePositionalOptions()
    // Before the commands are made: they inherit it.
    .exitOverride();
  addTail(program, outcome);
  addStatus(program, outcome);
  addExplain(program, outcome);
  addApis(program, outcome);
  addFindings(program, outcome);
  addQuarantine(program, outcome);
  addAgent(program, outcome);
  addPreflight(program, outcome);
  addCompletion(program);
  program
    .command('version')
    .description('print the version')
    .action(() => void process.stdout.write(`${versionText()}\n`));
  return program;
}

const versionText = (): string => `eastwall ${readVersion()}`;

const formatOption = (choices: readonly string[], description: string): Option =>
  new Option('-o, --output <format>', description).choices(choices);

function withNamespace(command: Command, what: string): Command {
  return command
    .option('-n, --namespace <name>', `only ${what} in this namespace`)
    .option('-A, --all-namespaces', 'of all namespaces; this is the default');
}

function addTail(program: Command, outcome: Outcome): void {
  const command = program
    .command('tail')
    .description('follow what is blocked, or would be')
    .option('--all', 'everything, not only what is blocked or would be')
    .option('--from <caller>', 'only from this workload: `name`, `namespace/name` or `namespace/`')
    .option(
      '--from-labels <selector>',
      'only from pods with these labels: `team=payments,tier!=db`, as for `kubectl get -l`',
    )
    .option(
      '--to <destination>',
      'only to this service: `name`, `namespace/name` or `namespace/`; or a host or an IP address',
    )
    .option(
      '--to-labels <selector>',
      'only to Services with these labels; those of their pods are not known',
    );
  withAgents(withNamespace(command, 'with caller or destination'))
    .option('--since <when>', 'what is kept first, from a duration ago (`5m`) or a time (RFC 3339) on')
    .option('--no-follow', 'end after what is kept')
    .addOption(formatOption(FORMATS, 'more columns, one JSON object per line, or YAML documents'))
    .option('--json', 'the same as `-o json`')
    .action(async (options: TailOptions & AgentFlags) => {
      const { tail } = await import('./tail.ts');
      outcome.code = await askWith(options, (asking) => tail(asking, options));
    });
}

function addStatus(program: Command, outcome: Outcome): void {
  withAgents(program.command('status'))
    .description('pods enrolled and not, policies, processes: what is covered and what is not')
    .addOption(formatOption(FORMATS, 'more columns, JSON or YAML'))
    .action(async (options: AgentFlags & { output?: Format }) => {
      const { status } = await import('./status.ts');
      outcome.code = await askWith(options, (asking) => status(asking, options));
    });
}

function addExplain(program: Command, outcome: Outcome): void {
  withAgents(program.command('explain'))
    .description('say why an exchange was decided as it was')
    .argument('<id>', 'decision id: from the error body, the header `eastwall-decision` or `tail`')
    .addOption(formatOption(DATA_FORMATS, 'JSON or YAML instead of text'))
    .action(async (id: string, options: AgentFlags & { output?: DataFormat }) => {
      const { explain } = await import('./explain.ts');
      outcome.code = await askWith(options, (asking) => explain(asking, { id, ...options }));
    });
}

function addApis(program: Command, outcome: Outcome): void {
  const command = program
    .command('apis')
    .description('operations that pods call, as their traffic shows them: callers, counts, statuses');
  withAgents(withNamespace(command, 'of services'))
    .option('--for <service>', 'only of this service: `name`, `namespace/name` or `namespace/`; or of a host')
    .addOption(formatOption(FORMATS, 'more columns, JSON or YAML'))
    .action(async (options: ApisOptions & AgentFlags) => {
      const { apis } = await import('./apis.ts');
      outcome.code = await askWith(options, (asking) => apis(asking, options));
    });
}

function addFindings(program: Command, outcome: Outcome): void {
  const command = program
    .command('findings')
    .description('what the guards have noticed: enumeration, misuse of credentials, anomalies');
  withAgents(withNamespace(command, 'with caller or destination'))
    .option('-w, --watch', 'what there is, then every change')
    .addOption(formatOption(FORMATS, 'more columns, JSON or YAML'))
    .action(async ({ watch, ...options }: FindingsOptions & AgentFlags & { watch?: boolean }) => {
      const { findings, watchFindings } = await import('./findings.ts');
      outcome.code = await askWith(options, (asking) =>
        watch ? watchFindings(asking, options) : findings(asking, options),
      );
    });
  withAgents(command.command('show'))
    .description('one finding: its sequence over time, evidence, what it means and what to do')
    .argument('<id>', 'id of the finding')
    .addOption(formatOption(DATA_FORMATS, 'JSON or YAML instead of text'))
    .action(async (id: string, options: AgentFlags & { output?: DataFormat }) => {
      const { showFinding } = await import('./findings.ts');
      outcome.code = await askWith(options, (asking) => showFinding(asking, { id, ...options }));
    });
}

function addQuarantine(program: Command, outcome: Outcome): void {
  withKube(program.command('quarantine'))
    .description('cut a pod, or all pods of a namespace, off: nothing that it asks for passes')
    .argument('<object>', '`pod/name`, or a bare `name` of a pod; `namespace/name` for a whole namespace')
    .option('-n, --namespace <name>', 'namespace of the pod (default: the context’s)')
    .option('--lift', 'let it go again')
    .action(async (object: string, options: QuarantineOptions & KubeFlags) => {
      const { quarantine } = await import('./quarantine.ts');
      outcome.code = await quarantine(object, options, processTerminal());
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
    .addOption(formatOption(['json'], 'JSON instead of text'));
  command.action(async ({ output }: { output?: 'json' }, own: Command) => {
    const { preflight } = await import('./preflight.ts');
    outcome.code = await preflight(flagsOf(own), output ?? 'text', processTerminal());
  });
}

function addCompletion(program: Command): void {
  program
    .command('completion')
    .description('print what makes a shell complete commands and flags: `source <(eastwall completion bash)`')
    .addArgument(new Argument('<shell>', 'which shell').choices(SHELLS))
    .action(async (shell: Shell) => {
      const { completionScript } = await import('./completion/scripts.ts');
      process.stdout.write(completionScript(shell));
    });
  program
    .command(COMPLETE, { hidden: true })
    .argument('[words...]')
    .passThroughOptions()
    .allowUnknownOption()
    .helpOption(false)
    .action(async (words: readonly string[]) => {
      const { completionsOf } = await import('./completion/completions.ts');
      process.stdout.write(completionsOf(program, words));
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
