import { QUARANTINE_ANNOTATION } from '../identity/quarantine.ts';
import { systemClock } from '../kernel/clock.ts';
import { clientOf } from '../kube/client.ts';
import { userConfig } from '../kube/user-config.ts';
import { within } from './fleet/fleet.ts';
import type { KubeFlags } from './fleet/fleet-options.ts';
import { EXIT, type ExitCode, type Terminal } from './terminal.ts';

export interface QuarantineOptions {
  readonly namespace?: string;
  readonly lift?: boolean;
}

/** `eastwall quarantine <object>`: an annotation, which agents obey as soon as they have heard of it. */
export async function quarantine(
  object: string,
  { namespace, lift = false, kubeconfig, context, requestTimeout }: QuarantineOptions & KubeFlags,
  terminal: Terminal,
): Promise<ExitCode> {
  const parsed = parseObject(object);
  if (parsed === null) {
    terminal.error(`eastwall: \`${object}\` is neither \`pod/name\` nor \`namespace/name\`\n`);
    return EXIT.usage;
  }
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
    terminal.error(
      `eastwall: kube API (context \`${config.getCurrentContext()}\`): ${answer.error.message}\n`,
    );
    return EXIT.failed;
  }
  terminal.out(`${kind}/${name} ${lift ? 'is quarantined no longer' : 'quarantined'}\n`);
  return EXIT.ok;
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
