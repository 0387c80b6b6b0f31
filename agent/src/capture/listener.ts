import { EADDRINUSE, EAFNOSUPPORT, errnoText } from '../kernel/errno.ts';
import { closeFd, type Fd } from '../kernel/libc.ts';
import { bindLoopback, listenOn, setMark, tcpSocket } from '../kernel/libc-sockets.ts';
import { err, ok, type Result } from '../kernel/result.ts';

export interface Listener {
  readonly fd: Fd;
  readonly port: number;
}

/** Above the usual ephemeral range (32768–60999), so that no outgoing connection of the pod takes one by chance. */
const FIRST_PORT = 61_127;
const PORTS_TRIED = 16;
/** Capped by `net.core.somaxconn` of the namespace, 4096 by default. */
export const BACKLOG = 4096;

export type ListenerFailure =
  | { readonly kind: 'no-such-family' }
  | { readonly kind: 'failed'; readonly why: string };

/**
 * Listens on the loopback address of the calling thread's netns: REDIRECT in OUTPUT sends connections there, and no
 * other pod can reach it. The port differs where another one is taken, by an application or by an agent that
 * is about to end. A `mark` other than 0 is put on it, and so on the sockets it accepts.
 */
export function openListener(family: 4 | 6, mark = 0): Result<Listener, ListenerFailure> {
  let result = 0;
  for (let port = FIRST_PORT; port < FIRST_PORT + PORTS_TRIED; port++) {
    result = listenAt(family, port, mark);
    if (result >= 0) return ok({ fd: result, port });
    if (result === -EAFNOSUPPORT) return err({ kind: 'no-such-family' });
    if (result !== -EADDRINUSE) break;
  }
  return err({ kind: 'failed', why: `can't listen in the namespace: ${errnoText(result)}` });
}

/** The descriptor, or `-errno`. */
function listenAt(family: 4 | 6, port: number, mark: number): number {
  const fd = tcpSocket(family);
  if (fd < 0) return fd;
  const steps = [
    () => (mark === 0 ? 0 : setMark(fd, mark)),
    () => bindLoopback(fd, family, port),
    () => listenOn(fd, BACKLOG),
  ];
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
