import { createServer, type Server } from 'node:net';
import { closeFd } from '../kernel/libc.ts';
import { acceptWaiting, sendAtOnce } from '../kernel/libc-sockets.ts';
import { handleOf, type TcpHandle } from './tcp-handle.ts';

/** The part of Node's listening handle that is used here; it is internal to Node, which is why Node is pinned. */
interface ListeningHandle {
  onconnection: (status: number, handle: TcpHandle | undefined) => void;
}

const BACKLOG = 4096;
/**
 * libuv takes one connection from a listener each time the event loop turns, which is seldom when hundreds of others
 * have something to say: the last of a burst waited for seconds. More than this at once would make those wait.
 */
const MAX_PER_TURN = 64;

/**
 * Accepts on a listening descriptor that control owns a copy of, so that closing it here refuses nobody.
 * Takes the raw handle before Node wraps it in a `Socket`.
 */
export class Acceptor {
  private readonly server: Server;
  private readonly fd: number;
  private readonly accept: (handle: TcpHandle) => void;

  constructor(fd: number, accept: (handle: TcpHandle) => void) {
    this.fd = fd;
    this.accept = accept;
    this.server = createServer();
    // As an argument: beside a descriptor Node ignores the option, and would make the queue shorter than it is.
    this.server.listen({ fd }, BACKLOG);
    sendAtOnce(fd);
    const { _handle: listening } = this.server as unknown as { _handle: ListeningHandle };
    listening.onconnection = (status, handle) => {
      if (status !== 0 || handle === undefined) return;
      accept(handle);
      this.acceptWaiting();
    };
  }

  close(): void {
    this.server.close();
  }

  /** Whoever is behind the connection that libuv took. */
  private acceptWaiting(): void {
    // Whoever accepts may close: the descriptor is then somebody else's.
    for (let accepted = 1; accepted < MAX_PER_TURN && this.server.listening; accepted++) {
      const fd = acceptWaiting(this.fd);
      // Also when descriptors have run out: libuv meets that next, and deals with it.
      if (fd < 0) return;
      const handle = handleOf(fd);
      if (typeof handle === 'number') closeFd(fd);
      else this.accept(handle);
    }
  }
}
