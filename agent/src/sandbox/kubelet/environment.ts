import { err, ok, type Result } from '../../kernel/result.ts';
import type { Container, EnvVar, Pod } from '../cluster/objects.ts';
import type { Addresses } from '../network/addresses.ts';

export interface PodFacts {
  readonly pod: Pod;
  readonly podIps: Addresses;
  readonly hostIps: Addresses;
  /** Environment that every container has, below its own. */
  readonly base: Readonly<Record<string, string>>;
}

export interface Process {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** What the container runs and with which environment, references resolved; or why it can't be made. */
export function containerProcess(container: Container, facts: PodFacts): Result<Process, string> {
  const env: Record<string, string> = { ...facts.base, HOSTNAME: hostname(facts.pod) };
  for (const variable of container.env ?? []) {
    const value = resolve(variable, env, facts);
    if (!value.ok) return err(`environment variable \`${variable.name}\`: ${value.error}`);
    env[variable.name] = value.value;
  }
  const argv = [...(container.command ?? []), ...(container.args ?? [])].map((arg) => expand(arg, env));
  if (argv.length === 0) return err('a sandbox has no images, so the container needs a `command`');
  return ok({ argv, env });
}

export const hostname = (pod: Pod): string =>
  pod.spec.hostNetwork === true
    ? (pod.spec.nodeName ?? pod.metadata.name)
    : (pod.spec.hostname ?? pod.metadata.name).slice(0, 63);

function resolve(
  variable: EnvVar,
  env: Readonly<Record<string, string>>,
  facts: PodFacts,
): Result<string, string> {
  if (variable.valueFrom === undefined) return ok(expand(variable.value ?? '', env));
  const path = variable.valueFrom.fieldRef?.fieldPath;
  if (path === undefined) return err('only `value` and `valueFrom.fieldRef` are supported in a sandbox');
  const value = field(path, facts);
  return value === undefined ? err(`no field \`${path}\``) : ok(value);
}

/** The fields of the downward API. */
function field(path: string, { pod, podIps, hostIps }: PodFacts): string | undefined {
  const { metadata, spec } = pod;
  const member = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(path);
  if (member !== null)
    return metadata[member[1] === 'labels' ? 'labels' : 'annotations']?.[member[2] ?? ''] ?? '';
  const fields: Readonly<Record<string, string | undefined>> = {
    'metadata.name': metadata.name,
    'metadata.namespace': metadata.namespace,
    'metadata.uid': metadata.uid,
    'spec.nodeName': spec.nodeName,
    'spec.serviceAccountName': spec.serviceAccountName,
    'status.podIP': podIps[0],
    'status.podIPs': podIps.join(','),
    'status.hostIP': hostIps[0],
    'status.hostIPs': hostIps.join(','),
  };
  return fields[path];
}

/** `$(NAME)` becomes the variable's value, `$$(NAME)` is `$(NAME)`, and an unknown name stays as it is. */
const expand = (text: string, env: Readonly<Record<string, string>>): string =>
  text.replace(/\$\$|\$\(([^()]*)\)/g, (whole, name?: string) =>
    whole === '$$' ? '$' : name === undefined ? whole : (env[name] ?? whole),
  );
