import { type Command, InvalidArgumentError, Option } from 'commander';
import { duration } from '../../config/parsers.ts';
import { advised } from '../../kernel/advice.ts';
import { defaultStateDir } from '../state-dir.ts';
import { EXIT, type ExitCode, processTerminal, type Terminal } from '../terminal.ts';
import { chooseFleet, type FleetFlags } from './choose-fleet.ts';
import type { Asking, Fleet } from './fleet.ts';
import { socketFleet } from './socket-fleet.ts';

/** What the flags of `withKube` leave. */
export interface KubeFlags {
  readonly kubeconfig?: string;
  readonly context?: string;
  /** In milliseconds. */
  readonly requestTimeout: number;
}

export interface AgentFlags extends KubeFlags {
  readonly socket?: readonly string[];
  readonly agentsNamespace?: string;
  readonly node?: string;
  readonly selector?: string;
}

/** Flags as kubectl has them. */
export function withKube(command: Command): Command {
  return command
    .option('--context <name>', 'context of the kubeconfig: which cluster [EASTWALL_CONTEXT]')
    .option(
      '--kubeconfig <path>',
      'kubeconfig to use [KUBECONFIG] (default: ~/.kube/config, or the pod’s own)',
    )
    .addOption(
      new Option('--request-timeout <time>', 'longest time for one answer, such as `5s`; 0 is for ever')
        .argParser(parseTimeout)
        .default(10_000, '10s'),
    );
}

/** Flags of commands that ask agents. */
export function withAgents(command: Command): Command {
  return withKube(command)
    .option('--agents-namespace <name>', 'where the agents’ pods are (default: looks everywhere)')
    .option('--node <name>', 'ask only the agent of this node')
    .option('-l, --selector <labels>', 'ask only agents whose pods have these labels, as for `kubectl logs`')
    .option(
      '--socket <path>',
      'ask an agent on this machine at its admin socket, repeatable [EASTWALL_SOCKET]',
      (path: string, given: readonly string[] = []) => [...given, path],
    );
}

const ANY = { min: 0, max: 2 ** 31 - 1 };

/** kubectl takes a bare number for seconds. */
export function parseTimeout(text: string): number {
  const parsed = duration(ANY)(/^\d+$/.test(text) ? `${text}s` : text);
  if (!parsed.ok) throw new InvalidArgumentError(parsed.error);
  return parsed.value === 0 ? Number.POSITIVE_INFINITY : parsed.value;
}

/** Runs a command that asks agents. */
export async function askWith(
  flags: AgentFlags,
  read: (asking: Asking) => Promise<ExitCode>,
): Promise<ExitCode> {
  const terminal = processTerminal();
  const ending = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => ending.abort());
  const fleet = await fleetOf(flags, terminal);
  if (typeof fleet === 'number') return fleet;
  return read({ fleet, terminal, signal: ending.signal, timeoutMs: flags.requestTimeout });
}

/** Or what to exit with when nobody can be asked. */
async function fleetOf(flags: AgentFlags, terminal: Terminal): Promise<Fleet | ExitCode> {
  const { socket = [], kubeconfig, context, agentsNamespace, node, selector } = flags;
  const given: FleetFlags = { socket, kubeconfig, context, agentsNamespace, node, selector };
  const { env } = process;
  const sandboxDir = defaultStateDir(env);
  const chosen = chooseFleet(given, { env, sandboxDir, plugin: isPlugin() });
  switch (chosen.kind) {
    case 'sockets':
      return socketFleet(chosen.find);
    case 'kube': {
      // The client of the kube API takes longer to load than everything else.
      const { kubeFleet } = await import('./kube-fleet.ts');
      return kubeFleet(chosen.choice);
    }
    case 'conflict':
      terminal.error(
        'eastwall: `--socket` asks agents on this machine, the other flags those of a cluster: not both\n',
      );
      return EXIT.usage;
    case 'none':
      terminal.error(
        `eastwall: ${advised(
          `no agents to ask: no kubeconfig, nothing at /run/eastwall, and no running sandbox in ${sandboxDir}`,
          'a cluster: set KUBECONFIG, or say which by --kubeconfig',
          'a sandbox, without a cluster: `eastwall sandbox up -f examples/shop.yaml` in a checkout, see docs/tour.md',
        )}\n`,
      );
      return EXIT.failed;
  }
}

/** Whether kubectl has called us, by the name of which it knows its plugins. */
export const isPlugin = (program = process.argv[1] ?? ''): boolean =>
  /(^|\/)kubectl-eastwall[^/]*$/.test(program);
