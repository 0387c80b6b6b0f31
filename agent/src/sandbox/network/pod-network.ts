import { rm } from 'node:fs/promises';
import { run, succeeds } from '../process/run.ts';
import { CONFIGURE_NETNS, CREATE_NETNS } from '../process/scripts.ts';
import type { Addresses } from './addresses.ts';
import { inNetns } from './fabric.ts';
import { batchText, configureLink, createPair, defaultRoutes, loopback } from './links.ts';

export interface PodNetwork {
  readonly netnsFile: string;
  readonly nodeNetnsFile: string;
  /** Device name on the node's side, at most 15 bytes. */
  readonly device: string;
  readonly pod: Addresses;
  readonly gateway: Addresses;
}

/**
 * A pod's namespace, in the order of a real node: the file, the namespace on it, and only then its addresses, so
 * whoever watches the directory finds a namespace that has none yet.
 */
export async function addPodNetwork(network: PodNetwork): Promise<void> {
  const { netnsFile, nodeNetnsFile, device, pod, gateway } = network;
  await run(['sh', CREATE_NETNS, netnsFile]);
  const nodeSide = batchText(
    createPair(device, 'eth0', netnsFile),
    configureLink({ device, side: 'upper', here: gateway, there: pod }),
  );
  await run(inNetns(nodeNetnsFile, ['ip', '-batch', '-']), { input: nodeSide });
  const podSide = batchText(
    loopback,
    configureLink({ device: 'eth0', side: 'lower', here: pod, there: gateway }),
    defaultRoutes(gateway, 'eth0'),
  );
  await run(inNetns(netnsFile, ['sh', CONFIGURE_NETNS, 'host']), { input: podSide });
}

/**
 * Takes the namespace away, whatever of it was made. The kernel frees a namespace some time after its last user,
 * so the link, and with it the route to the pod's address, is removed by name.
 */
export async function removePodNetwork(network: PodNetwork): Promise<void> {
  await succeeds(inNetns(network.nodeNetnsFile, ['ip', 'link', 'del', network.device]));
  await succeeds(['umount', '-l', network.netnsFile]);
  await rm(network.netnsFile, { force: true });
}
