import type { Container } from '../cluster/objects.ts';

/** What containerd and CRI-O give a container that asks for nothing. NET_RAW is among them; NET_ADMIN is not. */
const DEFAULT = [
  'chown',
  'dac_override',
  'fsetid',
  'fowner',
  'mknod',
  'net_raw',
  'setgid',
  'setuid',
  'setfcap',
  'setpcap',
  'net_bind_service',
  'sys_chroot',
  'kill',
  'audit_write',
] as const;

/**
 * Argument vector that becomes `command` with the container's capabilities and no others. The bounding set is
 * what counts: a root process gets all of that, and nothing brings back what has left it.
 */
export const confine = (container: Container, command: readonly string[]): readonly string[] => [
  'setpriv',
  ...restrictions(container),
  '--',
  ...command,
];

/** The same for a command that somebody outside runs in the container: it ends with whoever started it. */
export const confineGuest = (container: Container, command: readonly string[]): readonly string[] => [
  ...DIE_WITH_PARENT,
  ...restrictions(container),
  '--',
  ...command,
];

/** nsenter forks and passes no signal on, so this is what makes killing it kill what it runs. */
export const DIE_WITH_PARENT = ['setpriv', '--pdeathsig', 'SIGKILL'] as const;

function restrictions(container: Container): readonly string[] {
  const { privileged, capabilities } = container.securityContext ?? {};
  if (privileged === true) return [];
  const held = new Set<string>(DEFAULT);
  for (const name of (capabilities?.drop ?? []).map(plain)) {
    if (name === 'all') held.clear();
    else held.delete(name);
  }
  for (const name of (capabilities?.add ?? []).map(plain)) held.add(name);
  const bounding = ['-all', ...[...held].map((name) => `+${name}`)].join(',');
  return ['--bounding-set', bounding, '--inh-caps', '-all'];
}

/** `CAP_NET_ADMIN` and `NET_ADMIN` are the same to Kubernetes. */
const plain = (name: string): string => name.toLowerCase().replace(/^cap_/, '');
