import { err, ok, type Result } from '../kernel/result.ts';
import { isLoopback, nodeName } from './parsers.ts';
import {
  flagOf,
  type ParsedSettings,
  SETTING_NAMES,
  SETTINGS,
  type SettingName,
  variableOf,
} from './table.ts';

/** The settings in force. Deep-frozen; modules are given only the part they need. */
export type Config = Omit<ParsedSettings, 'node' | 'dataplanes' | 'learnedDir'> & {
  readonly node: string;
  readonly dataplanes: number;
  /** Empty for nowhere. */
  readonly learnedDir: string;
};

/** What the machine says where a setting is `auto`. */
export interface Machine {
  readonly hostname: string;
  readonly cores: number;
}

export interface Sources {
  /** Flags as given, by flag name without dashes (`head-timeout`). */
  readonly flags: Readonly<Record<string, string | undefined>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly machine: Machine;
}

/** `where` is the flag or variable the user wrote, so the message can be acted on. */
export interface SettingProblem {
  readonly where: string;
  readonly value: string;
  readonly reason: string;
}

/** Longest path that fits into `sun_path` of a unix socket address, less the closing NUL. */
const MAX_SOCKET_PATH = 107;

export const adminSocketPath = (runDir: string): string => `${runDir}/admin.sock`;
/** Where an agent takes over from the one before it. */
export const handoverSocketPath = (runDir: string): string => `${runDir}/handover.sock`;

/**
 * Flags over environment over defaults; all problems at once. Unknown `EASTWALL_*` variables are not an error:
 * Kubernetes makes some (`EASTWALL_SERVICE_HOST`) for a Service of that name.
 */
export function load(sources: Sources): Result<Config, readonly SettingProblem[]> {
  const problems: SettingProblem[] = [];
  const values: Partial<Record<SettingName, unknown>> = {};
  for (const name of SETTING_NAMES) {
    const given = givenFor(name, sources);
    const parsed = SETTINGS[name].parse(given.value);
    if (parsed.ok) values[name] = parsed.value;
    else problems.push({ ...given, reason: parsed.error });
  }
  if (problems.length > 0) return err(problems);
  // Every name has been parsed by its own parser, which is what the type says.
  const config = resolveAuto(values as ParsedSettings, sources.machine);
  const conflicts = validate(config).map(({ name, reason }) => ({ ...givenFor(name, sources), reason }));
  return conflicts.length > 0 ? err(conflicts) : ok(deepFreeze(config));
}

/** `--head-timeout=abc (not a duration)` */
export const formatProblem = (problem: SettingProblem): string =>
  `${problem.where}=${problem.value} (${problem.reason})`;

function givenFor(name: SettingName, { flags, env }: Sources): Omit<SettingProblem, 'reason'> {
  const flag = flagOf(name);
  const fromFlag = flags[flag];
  if (fromFlag !== undefined) return { where: `--${flag}`, value: fromFlag };
  const variable = variableOf(name);
  const fromEnv = env[variable];
  if (fromEnv !== undefined) return { where: variable, value: fromEnv };
  return { where: `--${flag}`, value: SETTINGS[name].fallback };
}

function resolveAuto(values: ParsedSettings, machine: Machine): Config {
  return {
    ...values,
    node: values.node ?? machine.hostname.toLowerCase(),
    learnedDir: values.learnedDir ?? values.runDir,
    dataplanes: values.dataplanes ?? Math.max(1, Math.min(8, Math.floor(machine.cores / 2))),
  };
}

/** Rules that concern more than one setting, or that only hold after `auto` is resolved. */
function validate(config: Config): { readonly name: SettingName; readonly reason: string }[] {
  const found: { name: SettingName; reason: string }[] = [];
  const rule = (name: SettingName, holds: boolean, reason: string) => {
    if (!holds) found.push({ name, reason });
  };
  rule('node', nodeName(config.node).ok, `the hostname \`${config.node}\` cannot be the name of a node`);
  const socket = handoverSocketPath(config.runDir);
  rule(
    'runDir',
    Buffer.byteLength(socket) <= MAX_SOCKET_PATH,
    `the path of a socket in it, \`${socket}\`, is longer than the kernel's ${MAX_SOCKET_PATH} bytes`,
  );
  rule('runDir', config.runDir !== config.netnsDir, 'must not be the directory of the network namespaces');
  const { metricsAddress, adminAddress } = config;
  rule(
    'metricsAddress',
    metricsAddress === null || isLoopback(metricsAddress.host) || config.metricsTokenFile !== '',
    'not a loopback address: names of workloads must not be readable from the network without `--metrics-token-file`',
  );
  rule(
    'adminAddress',
    adminAddress === null || isLoopback(adminAddress.host),
    'not a loopback address: it is for the port-forward of the kube API, and shows everything',
  );
  rule('headTimeoutMs', config.headTimeoutMs <= config.idleTimeoutMs, 'longer than the idle timeout');
  rule(
    'firstByteTimeoutMs',
    config.firstByteTimeoutMs <= config.idleTimeoutMs,
    'longer than the idle timeout',
  );
  rule(
    'restartDelayMs',
    config.restartDelayMs <= config.maxRestartDelayMs,
    'longer than the longest restart delay',
  );
  return found;
}

function deepFreeze<T extends object>(value: T): T {
  for (const inner of Object.values(value)) {
    if (typeof inner === 'object' && inner !== null) deepFreeze(inner);
  }
  return Object.freeze(value);
}
