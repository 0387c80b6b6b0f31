import type { Family, FdPacket, SocketOrder } from '../ipc/messages.ts';
import { errnoText } from '../kernel/errno.ts';
import { closeFd, type Fd } from '../kernel/libc.ts';
import { sendFds } from '../kernel/libc-fds.ts';
import { makeTransparent, setMark, tcpSocket } from '../kernel/libc-sockets.ts';
import { err, ok, type Result } from '../kernel/result.ts';
import type { NetnsDoor } from './inside.ts';
import { RETURN_MARK } from './return-path.ts';

/** Far below the kernel's limit per packet, so that a first batch is on its way early. */
const BATCH = 64;
const MAX_SOCKETS = 1024;

export interface PlacedOrder extends SocketOrder {
  readonly netns: Fd;
  /** Of outbound sockets, 0 for none. */
  readonly mark: number;
  readonly channelFd: Fd;
}

/**
 * Makes unconnected sockets inside a pod's netns and sends them to a dataplane, which can make none itself. They
 * leave with the pod's address, and are exempt from its redirect. The error says why some or all are missing.
 */
export function sendSockets(door: NetnsDoor, order: PlacedOrder): Result<null, string> {
  const packet: FdPacket = {
    kind: 'sockets',
    ns: order.ns,
    direction: order.direction,
    family: order.family,
  };
  const payload = JSON.stringify(packet);
  for (let left = Math.min(order.count, MAX_SOCKETS); left > 0; left -= BATCH) {
    const made = door.inside(order.netns, () => makeSockets(order, Math.min(left, BATCH)));
    if (!made.ok) return made;
    const { sockets, failure } = made.value;
    const sent = sockets.length === 0 ? true : sendFds(order.channelFd, payload, sockets);
    for (const fd of sockets) closeFd(fd);
    if (failure < 0) return err(`can't make a socket: ${errnoText(failure)}`);
    if (sent !== true) return err(`can't send sockets: ${errnoText(sent)}`);
  }
  return ok(null);
}

function makeSockets(order: PlacedOrder, count: number): { sockets: Fd[]; failure: number } {
  const sockets: Fd[] = [];
  let failure = 0;
  while (sockets.length < count) {
    const fd = tcpSocket(order.family);
    if (fd < 0) return { sockets, failure: fd };
    sockets.push(fd);
    failure = order.direction === 'outbound' ? marked(fd, order.mark) : actAsCaller(fd, order.family);
    // An unmarked socket would come back to our own listener.
    if (failure < 0) return { sockets: [], failure: discard(sockets, failure) };
  }
  return { sockets, failure };
}

const marked = (fd: Fd, mark: number): number => (mark === 0 ? 0 : setMark(fd, mark));

/** It may be bound to a caller's address, and replies to that address come back to it. */
function actAsCaller(fd: Fd, family: Family): number {
  const transparent = makeTransparent(fd, family);
  return transparent < 0 ? transparent : setMark(fd, RETURN_MARK);
}

function discard(sockets: readonly Fd[], failure: number): number {
  for (const fd of sockets) closeFd(fd);
  return failure;
}
