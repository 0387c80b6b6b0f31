import { closeSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openNamespace, openThreadNetns } from '../kernel/libc-namespaces.ts';
import { messageOf } from '../kernel/message-of.ts';
import { type Check, fatal, fine, warning } from './check.ts';
import { type Propagation, propagationOf } from './propagation.ts';

const NAME = 'namespaces';

/** What is seen of the directory where the runtime mounts network namespaces. */
export interface NetnsFacts {
  /** Why it can't be read; null when it can. */
  readonly problem: string | null;
  readonly namespaces: number;
  /** Files on which no namespace is mounted, as far as can be seen from here. */
  readonly bareFiles: number;
  /** The namespace of this process is one of them, as that of a pod is. */
  readonly ownIsThere: boolean;
  readonly propagation: Propagation | null;
}

export const checkNamespaces = (directory: string): Check => judgeNamespaces(directory, look(directory));

export function judgeNamespaces(directory: string, facts: NetnsFacts): Check {
  const { problem, namespaces, bareFiles, propagation } = facts;
  if (problem !== null)
    return fatal(NAME, problem, 'mount the node’s directory here, by the chart’s value `netnsDir`');
  if (propagation?.receives !== true)
    return fatal(
      NAME,
      `what the runtime mounts later does not come to \`${directory}\``,
      'mount it with `mountPropagation: HostToContainer`; the node’s own mount must be shared: `findmnt -o TARGET,PROPAGATION /run` there',
    );
  if (namespaces === 0 && bareFiles > 0)
    return fatal(
      NAME,
      `\`${directory}\` has ${bareFiles} files, and on none a namespace is mounted`,
      'mount it with `mountPropagation: HostToContainer`, as a directory of the node and not a copy',
    );
  if (!facts.ownIsThere)
    return warning(
      NAME,
      `${namespaces} in \`${directory}\`, and not the one of this process`,
      'if this is a pod, its runtime keeps namespaces elsewhere: cri-dockerd in /var/run/docker/netns, containerd with `netns_mounts_under_state_dir` and CRI-O with `namespaces_dir` where those say; `findmnt -t nsfs` on the node shows it (chart: `netnsDir`)',
    );
  return fine(NAME, `${namespaces} in \`${directory}\`, this pod’s among them`);
}

function look(directory: string): NetnsFacts {
  const propagation = propagationOf(readFileSync('/proc/self/mountinfo', 'utf8'), directory);
  const own = openThreadNetns();
  closeSync(own.fd);
  try {
    const found = readdirSync(directory).map((name) => inodeAt(join(directory, name)));
    const namespaces = found.filter((inode) => inode !== null);
    return {
      problem: null,
      namespaces: namespaces.length,
      bareFiles: found.length - namespaces.length,
      ownIsThere: namespaces.includes(own.inode),
      propagation,
    };
  } catch (error) {
    const problem = messageOf(error);
    return { problem, namespaces: 0, bareFiles: 0, ownIsThere: false, propagation };
  }
}

function inodeAt(path: string): number | null {
  try {
    const opened = openNamespace(path);
    if (opened !== null) closeSync(opened.fd);
    return opened?.inode ?? null;
  } catch {
    return null;
  }
}
