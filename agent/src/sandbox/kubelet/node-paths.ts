import { join } from 'node:path';

/** Where a node's files are: the layout below the state directory that the agent and its tests rely on. */
export class NodePaths {
  readonly root: string;
  /** The node's own network namespace: not among the pods', as in a real node. */
  readonly nodeNetns: string;
  /** One file per pod namespace, as the container runtime's /var/run/netns. */
  readonly netns: string;
  readonly logs: string;
  readonly pods: string;
  /** The run directory of the agent of this node. */
  readonly run: string;

  constructor(stateDir: string, node: string) {
    this.root = nodePath(stateDir, node);
    this.nodeNetns = join(this.root, 'node.netns');
    this.netns = join(this.root, 'netns');
    this.logs = logDirectory(stateDir, node);
    this.pods = join(this.root, 'pods');
    this.run = runDirectory(stateDir, node);
  }

  get directories(): readonly string[] {
    return [this.netns, this.logs, this.pods, this.run];
  }
}

export const nodesDirectory = (stateDir: string): string => join(stateDir, 'nodes');
const nodePath = (stateDir: string, node: string): string => join(nodesDirectory(stateDir), node);
export const runDirectory = (stateDir: string, node: string): string => join(nodePath(stateDir, node), 'run');
export const logDirectory = (stateDir: string, node: string): string =>
  join(nodePath(stateDir, node), 'logs');

/** The log of a pod's first container has the pod's name; further ones add their own. */
export const logName = (namespace: string, pod: string, container?: string): string =>
  `${namespace}_${pod}${container === undefined ? '' : `_${container}`}.log`;
