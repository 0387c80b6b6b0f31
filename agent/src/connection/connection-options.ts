import type { Workload } from '@eastwall/policy';
import type { Direction } from '../ipc/messages.ts';
import type { Bagged } from '../kernel/bag.ts';
import type { PortRanges } from '../kernel/port-ranges.ts';
import type { DataplaneContext } from './dataplane-context.ts';
import type { SpentPorts } from './spent-ports.ts';
import type { TcpHandle } from './tcp-handle.ts';
import type { Sharer } from './turns.ts';
import type { UpstreamSockets } from './upstream-sockets.ts';

/** Functions are the same for all connections of a pod: none is made for each. */
export interface ConnectionOptions {
  readonly context: DataplaneContext;
  readonly handle: TcpHandle;
  readonly ip: string;
  readonly port: number;
  /** `inbound`: it comes to the pod, is only looked at, and goes on to the pod from where it came from. */
  readonly direction: Direction;
  caller(): Workload;
  /** The pod whose network namespace it is in, as it is known now. */
  pod(): Workload;
  /** Ports that the calling pod declares opaque; null when it says nothing. */
  opaquePorts(): PortRanges | null;
  /** The owner opted out after its rules were in place: pass the bytes, judge and record nothing. */
  readonly exempt: boolean;
  /** Whom its share of a turn is taken from. */
  readonly sharer: Sharer;
  /** To dial upstream with. */
  readonly sockets: UpstreamSockets;
  /** To dial upstream from. */
  readonly spentPorts: SpentPorts;
  closed(connection: Bagged): void;
}
