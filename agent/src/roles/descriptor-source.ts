import type { Direction, NamespaceId, SocketOrder } from '../ipc/messages.ts';

/** Where descriptors come from: the capture thread, which puts them into a dataplane's channel itself. */
export interface DescriptorSource {
  sendListeners(ns: NamespaceId, only: Direction | 'all', channelFd: number): Promise<void>;
  sendSockets(order: SocketOrder, channelFd: number): Promise<void>;
}
