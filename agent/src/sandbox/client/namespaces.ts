import { fileURLToPath } from 'node:url';
import { DIE_WITH_PARENT } from '../kubelet/capabilities.ts';
import type { Argv } from '../process/run.ts';
import type { SandboxState } from './state-dir.ts';

const SUPERVISOR = fileURLToPath(new URL('../supervisor/main.ts', import.meta.url));

/**
 * Starts the supervisor in namespaces of its own. An unprivileged user gets a user namespace around them, in
 * which they are root; the cgroup namespace is left out there, since nothing can be made in it.
 */
export const supervisorArgv = (unprivileged: boolean, mountsCgroups: boolean): Argv => [
  'unshare',
  ...(unprivileged ? ['--user', '--map-root-user'] : []),
  '--net',
  '--mount',
  '--ipc',
  '--uts',
  '--pid',
  ...(mountsCgroups ? ['--cgroup'] : []),
  '--fork',
  '--kill-child',
  '--mount-proc',
  process.execPath,
  SUPERVISOR,
];

/**
 * Runs `argv` among the supervisor's namespaces, until whoever runs it ends. The holder itself stayed outside the
 * PID namespace that it made for its child, hence the other link.
 */
export const enterSandbox = ({ holder, userNamespace }: SandboxState, argv: readonly string[]): Argv => [
  'nsenter',
  '--target',
  String(holder.pid),
  ...(userNamespace ? ['--user', '--preserve-credentials'] : []),
  '--mount',
  '--net',
  `--pid=/proc/${holder.pid}/ns/pid_for_children`,
  '--',
  ...DIE_WITH_PARENT,
  ...argv,
];
