import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { Command, Option } from 'commander';
import { SandboxClient } from '../sandbox/client/sandbox-client.ts';
import { stopSandbox } from '../sandbox/client/stop.ts';
import type { SandboxSummary } from '../sandbox/protocol.ts';
import { PATIENT_READY_TIMEOUT_MS, startSandbox } from '../sandbox/start-sandbox.ts';
import { readyText, summaryText } from './format/sandbox-text.ts';
import { defaultStateDir } from './state-dir.ts';
import { EXIT, processTerminal, type Terminal } from './terminal.ts';

interface Place {
  readonly stateDir: string;
}

/** `eastwall sandbox`: a cluster of namespaces on this machine to try policies in. */
export function sandboxCommand(): Command {
  const command = new Command('sandbox')
    .description('a cluster on this machine, without Kubernetes and without root')
    .enablePositionalOptions()
    .exitOverride();
  const add = (usage: string) =>
    command
      .command(usage)
      .addOption(
        new Option('--state-dir <dir>', 'where the sandbox keeps its state').default(
          defaultStateDir(process.env),
        ),
      );
  add('up')
    .description('start one and keep it running until Ctrl-C')
    .requiredOption('-f, --file <topology>', 'topology file (YAML)')
    .action(up);
  add('exec')
    .description('run a command in a pod')
    .argument('<pod>', '`namespace/pod`, or `namespace/workload` for one of its pods')
    .argument('<command...>', 'the command and its arguments')
    .option('-c, --container <name>', 'container, if not the first')
    .passThroughOptions()
    .action(exec);
  add('kubectl')
    .description('run kubectl as the cluster’s administrator')
    .argument('[args...]', 'what kubectl is to do')
    .passThroughOptions()
    .allowUnknownOption()
    .action(kubectl);
  add('logs')
    .description('print what a pod has written')
    .argument('<pod>', '`namespace/pod`, or `namespace/workload` for one of its pods')
    .action(logs);
  add('status')
    .description('show the nodes and pods')
    .addOption(new Option('-o, --output <format>', 'JSON instead of text').choices(['json']))
    .action(status);
  add('down').description('end it; leaves nothing behind').action(down);
  return command;
}

async function up({ stateDir, file }: Place & { readonly file: string }): Promise<void> {
  const terminal = processTerminal();
  const log = (line: string) => terminal.error(`${line}\n`);
  const began = performance.now();
  const interrupted = new Promise<'stopped'>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
      process.once(signal, () => resolve('stopped'));
  });
  const sandbox = await startSandbox({ file, stateDir, log, readyTimeoutMs: PATIENT_READY_TIMEOUT_MS });
  const seconds = (performance.now() - began) / 1000;
  terminal.out(
    readyText(await sandbox.status(), {
      seconds,
      stateDir,
      usual: defaultStateDir(process.env) === stateDir,
      // In a checkout there is no `eastwall` on the PATH but by `npx`, which says so.
      program: process.env['npm_command'] === 'exec' ? 'npx eastwall' : 'eastwall',
    }),
  );
  const ending = await Promise.race([interrupted, sandbox.ended]);
  await sandbox.stop();
  terminal.out(ending === 'stopped' ? 'the sandbox is gone\n' : '');
  if (ending === 'killed') throw new Error('the sandbox was killed');
}

async function exec(
  pod: string,
  command: readonly string[],
  { stateDir, container }: Place & { readonly container?: string },
): Promise<void> {
  const sandbox = await SandboxClient.attach(stateDir);
  const env = process.env['TERM'] === undefined ? {} : { TERM: process.env['TERM'] };
  const options = { stdio: 'inherit', env, ...(container === undefined ? {} : { container }) } as const;
  await passOn(await sandbox.spawn(pod, withoutDashes(command), options));
}

async function kubectl(args: readonly string[], { stateDir }: Place): Promise<void> {
  const sandbox = await SandboxClient.attach(stateDir);
  await passOn(sandbox.spawnKubectl(withoutDashes(args), { stdio: 'inherit' }));
}

/** The `--` that sets the command apart; commander leaves it in what it passes through. */
const withoutDashes = (args: readonly string[]): readonly string[] =>
  args[0] === '--' ? args.slice(1) : args;

/** Waits for the child, which shares our terminal, and ends with its exit code. */
async function passOn(child: ChildProcess): Promise<void> {
  // Ctrl-C is for the child: it decides what to make of it.
  process.on('SIGINT', () => {});
  for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.once(signal, () => child.kill(signal));
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  process.exitCode = code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
}

async function logs(pod: string, { stateDir }: Place): Promise<void> {
  const sandbox = await SandboxClient.attach(stateDir);
  processTerminal().out(await sandbox.logs(pod));
}

async function status({ stateDir, output }: Place & { readonly output?: 'json' }): Promise<void> {
  const terminal = processTerminal();
  const summary = await (await SandboxClient.attach(stateDir)).status();
  terminal.out(output === 'json' ? `${JSON.stringify(summary, null, 2)}\n` : summaryText(summary));
  process.exitCode = allWell(summary) ? EXIT.ok : EXIT.failed;
}

const allWell = ({ pods }: SandboxSummary): boolean =>
  pods.every(({ ready, phase }) => ready || phase === 'Succeeded');

async function down({ stateDir }: Place): Promise<void> {
  const terminal: Terminal = processTerminal();
  const how = await stopSandbox(stateDir);
  terminal.out(
    how === 'stopped' ? 'the sandbox is gone\n' : 'cleaned up after a sandbox that had been killed\n',
  );
}
