import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { type DataplaneCommand, dataplaneCommand, readabilityProbe } from './dataplane-command.ts';
import { parseProcessStatus } from './process-status.ts';

const PROBE_TIMEOUT_MS = 5_000;

/** How a dataplane is started on this host, by what this process may do. `entry` is the dataplane's source file. */
export function hostDataplaneCommand(entry: string): DataplaneCommand {
  const node = process.execPath;
  const read = (name: string) => readFileSync(`/proc/self/${name}`, 'utf8');
  return dataplaneCommand(
    {
      self: parseProcessStatus(read('status')),
      uidMap: read('uid_map'),
      gidMap: read('gid_map'),
      unprivilegedCanRun: () =>
        spawnSync('setpriv', readabilityProbe(node, entry), { timeout: PROBE_TIMEOUT_MS }).status === 0,
    },
    node,
    entry,
  );
}

/** A network namespace with one of these is the node's, and no pod's. */
export const nodeAddresses = (): string[] =>
  Object.values(networkInterfaces()).flatMap((interfaces) =>
    (interfaces ?? []).filter(({ internal }) => !internal).map(({ address }) => address),
  );
