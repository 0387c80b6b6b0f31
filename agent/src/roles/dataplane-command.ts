import { CAPABILITY, holds, mapsId, type ProcessStatus } from './process-status.ts';

/** How a dataplane process is started, and what control has to say about it in `status`. */
export interface DataplaneCommand {
  readonly file: string;
  readonly args: readonly string[];
  /** The uid it was meant to run as. */
  readonly uid: number;
  /** Why that uid, in the operator's words. */
  readonly uidReason: string;
}

export interface Host {
  /** Control's own privileges. */
  readonly self: ProcessStatus;
  readonly uidMap: string;
  readonly gidMap: string;
  /** Whether the unprivileged uid can read the sources and run Node; a checkout below a private home can't be. */
  readonly unprivilegedCanRun: () => boolean;
}

/** `nobody` on every distribution: owns nothing, so it may write nothing. */
export const UNPRIVILEGED_ID = 65_534;

/**
 * In MiB. Little lives longer than a request, and V8 would go up to 64. Requests cost the same down to 2, as far as
 * `bench/micro/guards.bench.ts` can tell.
 */
const HEAP = ['--max-semi-space-size=4'];

const SWITCH_ID = [`--reuid=${UNPRIVILEGED_ID}`, `--regid=${UNPRIVILEGED_ID}`, '--clear-groups'];

/**
 * `setpriv` in front of Node: no capability in any set, no way to gain one, another uid where there is one to take,
 * and the kernel ends the process with control. Node can do none of these to itself.
 */
export function dataplaneCommand(host: Host, node: string, entry: string): DataplaneCommand {
  const { uid, uidReason } = chooseUid(host);
  const args = ['--no-new-privs', '--inh-caps=-all', '--ambient-caps=-all', '--pdeathsig=KILL'];
  // Without CAP_SETPCAP the bounding set can't be changed; changing the uid still clears all the other sets.
  if (holds(host.self.effective, CAPABILITY.setpcap)) args.push('--bounding-set=-all');
  if (uid === UNPRIVILEGED_ID && host.self.uid !== UNPRIVILEGED_ID) args.push(...SWITCH_ID);
  return { file: 'setpriv', args: [...args, '--', node, ...HEAP, entry], uid, uidReason };
}

/** The command that answers `unprivilegedCanRun`: `test` as the unprivileged user, on both files. */
export const readabilityProbe = (node: string, entry: string): readonly string[] => [
  ...SWITCH_ID,
  '--',
  'test',
  '-x',
  node,
  '-a',
  '-r',
  entry,
];

function chooseUid({ self, uidMap, gidMap, unprivilegedCanRun }: Host): { uid: number; uidReason: string } {
  const stay = (uidReason: string) => ({ uid: self.uid, uidReason });
  if (self.uid !== 0) return stay('the agent itself is not root');
  if (!mapsId(uidMap, UNPRIVILEGED_ID) || !mapsId(gidMap, UNPRIVILEGED_ID)) {
    return stay(`the user namespace has no id ${UNPRIVILEGED_ID}; root in it is an ordinary user outside`);
  }
  const needed = [CAPABILITY.setuid, CAPABILITY.setgid, CAPABILITY.kill];
  // CAP_KILL, since control must be able to end a dataplane of another uid.
  if (!needed.every((capability) => holds(self.effective, capability))) {
    return stay('the agent lacks SETUID, SETGID or KILL, which changing the uid takes');
  }
  if (!unprivilegedCanRun()) return stay(`uid ${UNPRIVILEGED_ID} can't read the agent's files`);
  return { uid: UNPRIVILEGED_ID, uidReason: 'owns nothing' };
}
