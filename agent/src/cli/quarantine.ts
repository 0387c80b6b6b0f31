import { once } from 'node:events';
import { QUARANTINE_ANNOTATION } from '../identity/quarantine.ts';
import { systemClock } from '../kernel/clock.ts';
import { clientOf } from '../kube/client.ts';
import { type UserConfigSource, userConfig } from '../kube/user-config.ts';
import { choosesSandbox } from './fleet/choose-fleet.ts';
import { within } from './fleet/fleet.ts';
import type { KubeFlags } from './fleet/fleet-options.ts';
import { isPlugin } from './fleet/fleet-options.ts';
import { kubeProblem } from './fleet/kube-problem.ts';
import { defaultStateDir } from './state-dir.ts';
import { EXIT, type ExitCode, type Terminal } from './terminal.ts';

export interface QuarantineOptions {
  readonly namespace?: string;
  readonly lift?: boolean;
}

/** `eastwall quarantine <object>`: an annotation, which agents obey as soon as they have heard of it. */
export async function quarantine(
  object: string,
  { namespace, lift = false, requestTimeout, ...given }: QuarantineOptions & KubeFlags,
  terminal: Terminal,
): Promise<ExitCode> {
  const parsed = parseObject(object);
  if (parsed === null) {
    terminal.error(`eastwall: \`${object}\` is neither \`pod/name\` nor \`namespace/name\`\n`);
    return EXIT.usage;
  }
  const { kubeconfig, context = terminal.env['EASTWALL_CONTEXT'] || undefined } = given;
  if (isAboutSandbox({ kubeconfig, context })) return againInSandbox();
  const config = userConfig({ kubeconfig, context });
  const place = namespace ?? (config.getContextObject(config.getCurrentContext())?.namespace || 'default');
  const [kind, name] = parsed;
  const path =
    kind === 'namespace'
      ? `/api/v1/namespaces/${encodeURIComponent(name)}`
      : `/api/v1/namespaces/${encodeURIComponent(place)}/pods/${encodeURIComponent(name)}`;
  const client = clientOf(config, { clock: systemClock });
  const body = { metadata: { annotations: { [QUARANTINE_ANNOTATION]: lift ? null : 'true' } } };
  const answer = await client.mergePatch(path, body, within(requestTimeout, new AbortController().signal));
  if (!answer.ok) {
    const list = kind === 'pod' ? `pods -n ${place}` : 'namespaces';
    const missing = `\`kubectl get ${list}\` shows those that there are`;
    const advice = {
      forbidden: `it takes the right to patch ${kind}s, which no role of Eastwall gives`,
      missing,
    };
    terminal.error(`eastwall: ${kubeProblem(answer.error, config, advice)}\n`);
    return EXIT.failed;
  }
  terminal.out(`${kind}/${name} ${lift ? 'is quarantined no longer' : 'quarantined'}\n`);
  return EXIT.ok;
}

/** Where `eastwall tail` shows a sandbox, that is where a pod is cut off. */
const isAboutSandbox = (given: UserConfigSource): boolean =>
  choosesSandbox(given, { env: process.env, sandboxDir: defaultStateDir(process.env), plugin: isPlugin() });

/** The kube API of a sandbox is in its network only: the same command runs again in there. */
async function againInSandbox(): Promise<ExitCode> {
  const { SandboxClient } = await import('../sandbox/client/sandbox-client.ts');
  const sandbox = await SandboxClient.attach(defaultStateDir(process.env));
  const [script = '', command = '', ...args] = process.argv.slice(1);
  const argv = [process.execPath, script, command, '--kubeconfig', sandbox.kubeconfig, ...args] as const;
  const [code] = await once(sandbox.spawnBeside(argv, { stdio: 'inherit' }), 'exit');
  return code === EXIT.ok || code === EXIT.usage ? code : EXIT.failed;
}

const KINDS: Readonly<Record<string, 'pod' | 'namespace'>> = {
  po: 'pod',
  pod: 'pod',
  pods: 'pod',
  ns: 'namespace',
  namespace: 'namespace',
  namespaces: 'namespace',
};

/** As kubectl writes objects; a bare name is a pod's. */
function parseObject(text: string): readonly ['pod' | 'namespace', string] | null {
  const slash = text.indexOf('/');
  const kind = slash < 0 ? 'pod' : KINDS[text.slice(0, slash)];
  const name = text.slice(slash + 1);
  return kind === undefined || name === '' || name.includes('/') ? null : [kind, name];
}
