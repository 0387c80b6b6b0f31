import type { Container } from '../cluster/objects.ts';
import type { Argv } from '../process/run.ts';
import { CONTAINER_INIT, JOIN_CGROUP } from '../process/scripts.ts';
import { confine, confineGuest, DIE_WITH_PARENT } from './capabilities.ts';

/** What a container runs in. */
export interface Surroundings {
  readonly netnsFile: string;
  /** `cgroup.procs` of the pod's cgroup; null where the machine's cgroup tree can't be written. */
  readonly cgroupProcs: string | null;
  readonly hostname: string;
  /** Directory with the pod's resolv.conf and hosts. */
  readonly etcDir: string;
  readonly stateDir: string;
  /**
   * An ordinary pod doesn't see the state directory: it holds the credentials of the kube API and the namespaces of
   * the other pods. One that mounts a part of it does, and namespaces mounted later appear there too.
   */
  readonly seesState: boolean;
}

/** Starts a container; its init script reports the container's process id on descriptor 3. */
export const launchArgv = (
  container: Container,
  command: readonly string[],
  surroundings: Surroundings,
): Argv => [
  'sh',
  JOIN_CGROUP,
  surroundings.cgroupProcs ?? '-',
  'nsenter',
  `--net=${surroundings.netnsFile}`,
  'unshare',
  '--mount',
  '--uts',
  '--ipc',
  '--pid',
  // A private cgroup namespace says that `/` is this pod's alone, so without a cgroup there must be none.
  ...(surroundings.cgroupProcs === null ? [] : ['--cgroup']),
  '--fork',
  '--kill-child',
  '--propagation',
  surroundings.seesState ? 'slave' : 'private',
  'sh',
  CONTAINER_INIT,
  surroundings.hostname,
  surroundings.etcDir,
  surroundings.stateDir,
  surroundings.seesState ? 'show' : 'hide',
  surroundings.cgroupProcs === null ? '-' : 'cgroup',
  ...confine(container, command),
];

export interface Running {
  readonly container: Container;
  /** In the sandbox's PID namespace. */
  readonly pid: number;
  readonly cgroupProcs: string | null;
  readonly workingDir: string;
}

/** Runs one more command beside the container's own process, with the same namespaces and capabilities. */
export const enterArgv = (running: Running, command: readonly string[]): Argv => [
  ...DIE_WITH_PARENT,
  'sh',
  JOIN_CGROUP,
  running.cgroupProcs ?? '-',
  'nsenter',
  '--target',
  String(running.pid),
  '--mount',
  '--uts',
  '--ipc',
  '--net',
  '--pid',
  ...(running.cgroupProcs === null ? [] : ['--cgroup']),
  `--wdns=${running.workingDir}`,
  ...confineGuest(running.container, command),
];
