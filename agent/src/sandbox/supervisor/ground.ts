import { mkdir } from 'node:fs/promises';
import { SandboxCgroups } from '../kubelet/cgroups.ts';
import { NodePaths, nodesDirectory } from '../kubelet/node-paths.ts';
import { type Addresses, fabricAddresses, type NodeAddresses, nodeAddresses } from '../network/addresses.ts';
import { buildFabric, detectIpv6 } from '../network/fabric.ts';
import { run } from '../process/run.ts';
import type { SandboxSpec } from '../protocol.ts';

/** What a cluster stands on: directories, cgroups and the network between the nodes. */
export interface Ground {
  readonly nodes: readonly GroundNode[];
  readonly ipv6: boolean;
  /** The supervisor's own addresses. */
  readonly own: Addresses;
  readonly cgroups: SandboxCgroups;
}

export interface GroundNode {
  readonly name: string;
  /** From 1. */
  readonly index: number;
  readonly addresses: NodeAddresses;
  readonly paths: NodePaths;
}

export async function buildGround(spec: SandboxSpec, log: (line: string) => void): Promise<Ground> {
  const { stateDir } = spec;
  await makeDirectories(spec);
  const [possible, cgroups] = await Promise.all([detectIpv6(), SandboxCgroups.open(stateDir, spec.name)]);
  const dual = spec.ipFamilies === 'dual';
  if (!possible && dual) log('no IPv6 on this machine: pods get IPv4 only');
  if (!cgroups.available) log('no cgroup of its own for each pod: this user may not mount cgroup2');
  const ipv6 = possible && dual;
  const own = fabricAddresses(ipv6);
  const nodes = spec.nodes.map((name, at) => ({
    name,
    index: at + 1,
    addresses: nodeAddresses(at + 1, ipv6),
    paths: new NodePaths(stateDir, name),
  }));
  await buildFabric(
    nodes.map(({ index, addresses, paths }) => ({ index, addresses, netnsFile: paths.nodeNetns })),
    own,
  );
  return { nodes, ipv6, own, cgroups };
}

async function makeDirectories({ stateDir, nodes }: SandboxSpec): Promise<void> {
  const directories = nodes.flatMap((name) => new NodePaths(stateDir, name).directories);
  await Promise.all(directories.map((directory) => mkdir(directory, { recursive: true })));
  const root = nodesDirectory(stateDir);
  // Shared, so that namespaces mounted later reach the agents' own mount namespaces, as with HostToContainer.
  await run(['mount', '--bind', root, root]);
  await run(['mount', '--make-rshared', root]);
}
