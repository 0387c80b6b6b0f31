import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { findSockets, hasAgentHere, isSocket, type SocketSources, sandboxSockets } from './agent-sockets.ts';
import type { KubeChoice } from './kube-fleet.ts';

/** Flags by which a command says whom to ask. */
export interface FleetFlags extends KubeChoice {
  readonly socket: readonly string[];
}

export interface Surroundings extends Omit<SocketSources, 'given'> {
  /** Called as `kubectl eastwall`, which is about the cluster that kubectl is about. */
  readonly plugin: boolean;
}

export type FleetChoice =
  | { readonly kind: 'sockets'; readonly find: () => readonly string[] }
  | { readonly kind: 'kube'; readonly choice: KubeChoice }
  | { readonly kind: 'conflict' }
  | { readonly kind: 'none' };

/**
 * Whom to ask. What flags say comes first, then whether it is a plugin of kubectl, then the environment, then what is on
 * this machine (the node's own agent, a sandbox), and then the cluster that kubectl would speak to.
 */
export function chooseFleet(flags: FleetFlags, { plugin, ...sources }: Surroundings): FleetChoice {
  const { socket, ...kube } = flags;
  const { env } = sources;
  const asksKube = Object.values(kube).some((value) => value !== undefined);
  if (socket.length > 0) return asksKube ? { kind: 'conflict' } : sockets({ given: socket, ...sources });
  const context = kube.context ?? (env['EASTWALL_CONTEXT'] || undefined);
  const choice = { ...kube, ...(context === undefined ? {} : { context }) };
  if (asksKube || plugin) return { kind: 'kube', choice };
  if (env['EASTWALL_SOCKET']) return sockets({ given: [], ...sources });
  if (context !== undefined) return { kind: 'kube', choice };
  if (findSockets({ given: [], ...sources }).length > 0) return sockets({ given: [], ...sources });
  return hasKubeConfig(env) ? { kind: 'kube', choice } : { kind: 'none' };
}

/** At first those named, also where nothing is, to be told so; later those that are still there. */
function sockets(sources: SocketSources): FleetChoice {
  let first = true;
  const find = () => {
    const found = findSockets(sources).filter((path) => first || isSocket(path));
    first = false;
    return found;
  };
  return { kind: 'sockets', find };
}

/** Whether it is a sandbox that is asked, by who says neither which cluster nor which agent. */
export function choosesSandbox(given: KubeChoice, { plugin, ...sources }: Surroundings): boolean {
  const { env } = sources;
  if (plugin || env['EASTWALL_SOCKET'] || env['EASTWALL_CONTEXT']) return false;
  if (Object.values(given).some((value) => value !== undefined)) return false;
  return sandboxSockets(sources.sandboxDir).length > 0 && !hasAgentHere();
}

const hasKubeConfig = (env: Surroundings['env']): boolean =>
  Boolean(env['KUBECONFIG'] || env['KUBERNETES_SERVICE_HOST']) ||
  existsSync(join(env['HOME'] || homedir(), '.kube', 'config'));
