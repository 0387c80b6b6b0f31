import { type Argv, run, succeeds } from '../process/run.ts';
import { CONFIGURE_NETNS, CREATE_NETNS } from '../process/scripts.ts';
import { type Addresses, fabricAddresses, hostPrefix, type NodeAddresses } from './addresses.ts';
import { batchText, configureLink, createPair, defaultRoutes, loopback, routesVia } from './links.ts';

export interface FabricNode {
  readonly index: number;
  readonly addresses: NodeAddresses;
  /** File that holds the node's own network namespace. */
  readonly netnsFile: string;
}

/** Runs `argv` inside the network namespace mounted on `netnsFile`. */
export const inNetns = (netnsFile: string, argv: Argv): Argv => ['nsenter', `--net=${netnsFile}`, ...argv];

/** Whether pods can have IPv6 here: the kernel takes an address and translates destinations. */
export async function detectIpv6(): Promise<boolean> {
  await run(['sh', CONFIGURE_NETNS, 'router'], { input: batchText(loopback) });
  const [, address] = fabricAddresses(true);
  if (address === undefined) return false;
  return (
    (await succeeds(['ip', 'addr', 'add', hostPrefix(address), 'dev', 'lo'])) &&
    (await succeeds(['ip6tables', '-w', '5', '-t', 'nat', '-S']))
  );
}

/**
 * Joins the nodes: one namespace each, linked to the supervisor's own namespace, which routes between them.
 * `detectIpv6` has made that one a router.
 */
export async function buildFabric(nodes: readonly FabricNode[], own: Addresses): Promise<void> {
  await Promise.all(nodes.map((node) => run(['sh', CREATE_NETNS, node.netnsFile])));
  const listening = own.map((ip) => `addr replace ${hostPrefix(ip)} dev lo`);
  await run(['ip', '-batch', '-'], {
    input: batchText(listening, ...nodes.map((node) => fabricSide(node, own))),
  });
  await Promise.all(nodes.map((node) => configureNode(node, own)));
}

function fabricSide({ index, addresses, netnsFile }: FabricNode, own: Addresses) {
  const device = `node${index}`;
  return [
    ...createPair(device, 'eth0', netnsFile),
    ...configureLink({ device, side: 'upper', here: own, there: addresses.node }),
    ...routesVia(addresses.podCidrs, addresses.node, device),
  ];
}

async function configureNode({ addresses, netnsFile }: FabricNode, fabric: Addresses): Promise<void> {
  const lines = batchText(
    loopback,
    configureLink({ device: 'eth0', side: 'lower', here: addresses.node, there: fabric }),
    defaultRoutes(fabric, 'eth0'),
  );
  await run(inNetns(netnsFile, ['sh', CONFIGURE_NETNS, 'router']), { input: lines });
}
