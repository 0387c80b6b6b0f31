import { createServer, type Server } from 'node:net';
import { sendAtOnce } from '../kernel/libc-sockets.ts';
import type { TcpHandle } from './tcp-handle.ts';

/** The part of Node's listening handle that is used here; it is internal to Node, which is why Node is pinned. */
interface ListeningHandle {
  onconnection: (status: number, handle: TcpHandle | undefined) => void;
}

const BACKLOG = 4096;

/**
 * Accepts on a listening descriptor that control owns a copy of, so that closing it here refuses nobody.
 * Takes the raw handle before Node wraps it in a `Socket`.
 */
export class Acceptor {
  private readonly server: Server;

  constructor(fd: number, accept: (handle: TcpHandle) => void) {
    this.server = createServer();
    // As an argument: beside a descriptor Node ignores the option, and would make the queue shorter than it is.
    this.server.listen({ fd }, BACKLOG);
    sendAtOnce(fd);
    const { _handle: listening } = this.server as unknown as { _handle: ListeningHandle };
    listening.onconnection = (status, handle) => {
      if (status === 0 && handle !== undefined) accept(handle);
    };
  }

  close(): void {
    this.server.close();
  }
}
