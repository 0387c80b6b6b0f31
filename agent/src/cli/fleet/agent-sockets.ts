import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { adminSocketPath } from '../../config/load.ts';

/** Where the agent of a node listens unless told otherwise. */
const SYSTEM_SOCKET = adminSocketPath('/run/eastwall');

export interface SocketSources {
  /** `--socket`, as often as given. */
  readonly given: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** State directory of this user's sandbox. */
  readonly sandboxDir: string;
}

/**
 * The agents to ask: those named, else the node's own, else every node's of the running sandbox. Empty when there is
 * none to be found.
 */
export function findSockets({ given, env, sandboxDir }: SocketSources): string[] {
  if (given.length > 0) return [...given];
  const named = env['EASTWALL_SOCKET'];
  if (named !== undefined && named !== '') return named.split(',');
  return hasAgentHere() ? [SYSTEM_SOCKET] : sandboxSockets(sandboxDir);
}

/** Whether this is a node of a cluster, or the agent's own pod. */
export const hasAgentHere = (): boolean => isSocket(SYSTEM_SOCKET);

/** Of every node of the running sandbox. */
export function sandboxSockets(sandboxDir: string): string[] {
  const nodes = join(sandboxDir, 'nodes');
  return entries(nodes)
    .map((node) => adminSocketPath(join(nodes, node, 'run')))
    .filter(isSocket);
}

function entries(directory: string): string[] {
  try {
    return readdirSync(directory).sort();
  } catch {
    return [];
  }
}

export const isSocket = (path: string): boolean =>
  statSync(path, { throwIfNoEntry: false })?.isSocket() ?? false;
