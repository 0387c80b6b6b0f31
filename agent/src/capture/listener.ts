import type { Direction } from '../ipc/messages.ts';
import { EADDRINUSE, EAFNOSUPPORT, errnoText } from '../kernel/errno.ts';
import { closeFd, type Fd } from '../kernel/libc.ts';
import { bindAny, bindLoopback, listenOn, setMark, tcpSocket } from '../kernel/libc-sockets.ts';
import { err, ok, type Result } from '../kernel/result.ts';

export interface Listener {
  readonly fd: Fd;
  readonly port: number;
}

/** Above the usual ephemeral range (32768–60999), so that no outgoing connection of the pod takes one by chance. */
const FIRST_PORT = { outbound: 61_127, inbound: 61_143 } as const;
const PORTS_TRIED = 16;
/** Capped by `net.core.somaxconn` of the namespace, 4096 by default. */
export const BACKLOG = 4096;

export type ListenerFailure =
  | { readonly kind: 'no-such-family' }
  | { readonly kind: 'failed'; readonly why: string };

/**
 * Listens in the calling thread's netns. What leaves the pod is redirected to the loopback address, which no other pod
 * can reach; what arrives keeps the address that it came for, so that listener is at all of them, and rules keep
 * everything else from it. The port differs where another one is taken, by an application or by an agent that is about
 * to end. A `mark` other than 0 is put on it, and so on the sockets it accepts.
 */
export function openListener(
  family: 4 | 6,
  mark = 0,
  direction: Direction = 'outbound',
): Result<Listener, ListenerFailure> {
  const bind = direction === 'outbound' ? bindLoopback : bindAny;
  const first = FIRST_PORT[direction];
  let result = 0;
  for (let port = first; port < first + PORTS_TRIED; port++) {
    result = listenAt(family, mark, (fd) => bind(fd, family, port));
    if (result >= 0) return ok({ fd: result, port });
    if (result === -EAFNOSUPPORT) return err({ kind: 'no-such-family' });
    if (result !== -EADDRINUSE) break;
  }
  return err({ kind: 'failed', why: `can't listen in the namespace: ${errnoText(result)}` });
}

/** The descriptor, or `-errno`. */
function listenAt(family: 4 | 6, mark: number, bind: (fd: Fd) => number): number {
  const fd = tcpSocket(family);
  if (fd < 0) return fd;
  const steps = [() => (mark === 0 ? 0 : setMark(fd, mark)), () => bind(fd), () => listenOn(fd, BACKLOG)];
  let result = 0;
  for (const step of steps) {
    result = step();
    if (result < 0) {
      closeFd(fd);
      return result;
    }
  }
  return fd;
}
