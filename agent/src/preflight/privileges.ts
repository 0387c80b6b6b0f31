import { CAPABILITY, holds } from '../roles/process-status.ts';
import { type Check, fatal, fine, warning } from './check.ts';

interface Needed {
  readonly name: string;
  readonly bit: number;
  readonly why: string;
  /** The agent can't do without. */
  readonly vital: boolean;
}

/** Every capability that the agent uses. The chart grants these and no other. */
export const NEEDED_CAPABILITIES: readonly Needed[] = [
  {
    name: 'SYS_ADMIN',
    bit: CAPABILITY.sysAdmin,
    why: 'to enter the network namespaces of pods',
    vital: true,
  },
  { name: 'NET_ADMIN', bit: CAPABILITY.netAdmin, why: 'to put rules into them', vital: true },
  { name: 'SETUID', bit: CAPABILITY.setuid, why: 'to run dataplanes as nobody', vital: false },
  { name: 'SETGID', bit: CAPABILITY.setgid, why: 'to run dataplanes as nobody', vital: false },
  { name: 'SETPCAP', bit: CAPABILITY.setpcap, why: 'to empty their bounding set', vital: false },
  { name: 'KILL', bit: CAPABILITY.kill, why: 'to end them when they are nobody’s', vital: false },
];

/** `effective` is the mask of the process's effective set. */
export function checkPrivileges(effective: bigint): Check {
  const missing = NEEDED_CAPABILITIES.filter(({ bit }) => !holds(effective, bit));
  if (missing.length === 0)
    return fine('capabilities', NEEDED_CAPABILITIES.map(({ name }) => name).join(', '));
  const found = `without ${missing.map(({ name, why }) => `${name} (${why})`).join(', ')}`;
  const todo = `run as root, and add ${missing.map(({ name }) => name).join(', ')} to securityContext.capabilities`;
  return missing.some(({ vital }) => vital)
    ? fatal('capabilities', found, todo)
    : warning('capabilities', `${found}: dataplanes stay root, without capabilities`, todo);
}
