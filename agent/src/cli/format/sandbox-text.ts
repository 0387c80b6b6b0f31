import type { SandboxSummary } from '../../sandbox/protocol.ts';
import { table } from './table.ts';

export const summaryText = ({ apiUrl, ipv6, cgroups, pods }: SandboxSummary): string =>
  [
    `kube API ${apiUrl}, ${ipv6 ? 'IPv4 and IPv6' : 'IPv4 only'}, ${cgroups ? 'a cgroup per pod' : 'no cgroups'}\n\n`,
    table(
      ['NAMESPACE', 'POD', 'NODE', 'STATUS', 'READY', 'RESTARTS', 'ADDRESSES'],
      pods.map(({ namespace, name, node, phase, ready, restarts, ips, message }) => [
        namespace,
        name,
        node,
        message === undefined || ready ? phase : `${phase}: ${message}`,
        ready ? 'yes' : 'no',
        String(restarts),
        ips.join(' '),
      ]),
    ),
  ].join('');

export interface ReadyContext {
  readonly seconds: number;
  readonly stateDir: string;
  /** The state directory is where the other commands look by themselves. */
  readonly usual: boolean;
  /** As whoever reads this calls us. */
  readonly program: string;
}

/** What `sandbox up` prints: what there is and how to go on. */
export function readyText(
  summary: SandboxSummary,
  { seconds, stateDir, usual, program }: ReadyContext,
): string {
  const place = usual ? '' : ` --state-dir ${stateDir}`;
  const [pod] = summary.pods.filter(({ ready, namespace }) => ready && namespace !== 'eastwall-system');
  const target = pod === undefined ? '<namespace>/<pod>' : `${pod.namespace}/${pod.name}`;
  return [
    summaryText(summary),
    `\nready after ${seconds.toFixed(1)} s; in another terminal:\n`,
    `  ${program} sandbox exec${place} ${target} -- sh\n`,
    `  ${program} sandbox kubectl${place} -- get pods -A\n`,
    `  ${program} sandbox down${place}\n`,
    `Ctrl-C ends it\n`,
  ].join('');
}
